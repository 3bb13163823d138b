package appstreaming

import "github.com/wuying-go/appstreaming/internal/jsonscan"

// This file describes the response: which members there are, and what values
// fit them. decode_values.go reads the values, internal/jsonscan the JSON.
//
// encoding/json takes five times as long and allocates twenty times as often,
// for it knows nothing of the schema. A plain decoder on top of it stands in
// the tests, and a fuzz test holds this one to it. The two agree on every text
// but for these, each of them tested:
//
//   - bytes that are not UTF-8 are an error here, U+FFFD there;
//   - names are matched exactly here, in any letter case there, so that a
//     member of another case is kept in Extra instead of taken for a known one.

// success is what the member Success says.
type success int

const (
	successAbsent success = iota
	successTrue
	successFalse
)

// decodePage reads a page. It copies what it keeps, so that body may be used
// again. Of the error only Path, Offset and Reason are set.
func decodePage(body []byte) (ListImageResponse, success, *DecodeError) {
	d := newDecoder(body)
	defer d.release()
	d.text = &d.pageText
	var page ListImageResponse
	var succeeded success
	if d.isObject("") {
		succeeded = d.page(&page)
		d.scan.End()
	}
	if err := d.err(); err != nil {
		return ListImageResponse{}, successAbsent, err
	}
	return page, succeeded, nil
}

// decodeImage reads one image.
func decodeImage(text []byte) (Image, *DecodeError) {
	d := newDecoder(text)
	defer d.release()
	d.text = &d.imageText
	var image Image
	if d.isObject("") {
		d.image(&image)
		d.scan.End()
	}
	if err := d.err(); err != nil {
		return Image{}, err
	}
	return image, nil
}

// page reads the members of the response.
func (d *decoder) page(p *ListImageResponse) (succeeded success) {
	d.text.begin()
	for more := d.scan.Object(); more; more = d.scan.NextMember() {
		name := d.scan.Name()
		fits := true
		start := d.valueStart()
		switch string(name) {
		case "RequestId":
			fits = text(d, &p.RequestID)
		case "Code":
			fits = text(d, &p.Code)
		case "Message":
			fits = text(d, &p.Message)
		case "PageNumber":
			fits = integer(d, &p.PageNumber)
		case "PageSize":
			fits = integer(d, &p.PageSize)
		case "Count":
			fits = integer(d, &p.Count)
		case "Success":
			succeeded, fits = d.success()
		case "Data":
			d.text = &d.imageText
			p.Images = d.images()
			d.text = &d.pageText
		default:
			d.scan.Skip()
			fits = false
		}
		p.Extra = d.keepExtra(p.Extra, name, fits, start)
	}
	return succeeded
}

func (d *decoder) success() (success, bool) {
	if d.scan.Peek() == jsonscan.Null {
		d.scan.Null()
		return successAbsent, true
	}
	var value bool
	switch fits := boolean(d, &value); {
	case !fits:
		return successAbsent, false
	case value:
		return successTrue, true
	}
	return successFalse, true
}

// images reads Data. Unlike anything else in a response it has no other form:
// without it there is no page.
func (d *decoder) images() []Image {
	switch d.scan.Peek() {
	case jsonscan.Null:
		d.scan.Null()
		return nil
	case jsonscan.Array:
	default:
		d.misfit("Data", "an array")
		return nil
	}
	clear(d.pageImages)
	d.pageImages = d.pageImages[:0]
	for more := d.scan.Array(); more; more = d.scan.NextItem() {
		if !d.isItem(len(d.pageImages)) {
			return nil
		}
		d.pageImages = append(d.pageImages, Image{})
		d.image(&d.pageImages[len(d.pageImages)-1])
	}
	return sized(d.pageImages)
}

// image reads the members of an item of Data.
func (d *decoder) image(i *Image) {
	d.text.begin()
	d.beginLists()
	for more := d.scan.Object(); more; more = d.scan.NextMember() {
		name := d.scan.Name()
		start := d.valueStart()
		fits := d.imageMember(i, name)
		i.Extra = d.keepExtra(i.Extra, name, fits, start)
	}
	d.finishLists(i)
}

// imageMember reads one member of an image. It reports whether the field has
// all there is to the value.
func (d *decoder) imageMember(i *Image, name []byte) (fits bool) {
	switch string(name) {
	case "ImageId":
		return text(d, &i.ImageID)
	case "ImageName":
		return text(d, &i.ImageName)
	case "ImageType":
		return text(d, &i.ImageType)
	case "Status":
		return text(d, &i.Status)
	case "Description":
		return text(d, &i.Description)
	case "AliUid":
		return integer(d, &i.AliUID)
	case "BizType":
		return integer(d, &i.BizType)
	case "GmtCreate":
		return text(d, &i.Created)
	case "GmtModified":
		return text(d, &i.Modified)
	case "VersionId":
		return text(d, &i.VersionID)
	case "VersionName":
		return text(d, &i.VersionName)
	case "OnlineVersionId":
		return text(d, &i.OnlineVersionID)
	case "LatestVersionId":
		return text(d, &i.LatestVersionID)
	case "OnlineVersion":
		return boolean(d, &i.OnlineVersion)
	case "ParentImageId":
		return text(d, &i.ParentImageID)
	case "ParentImageVersion":
		return text(d, &i.ParentImageVersion)
	case "BaseImageId":
		return text(d, &i.BaseImageID)
	case "BaseImageVersion":
		return text(d, &i.BaseImageVersion)
	case "ProductType":
		return text(d, &i.ProductType)
	case "PackageType":
		return text(d, &i.PackageType)
	case "ProtocolType":
		return text(d, &i.ProtocolType)
	case "SessionType":
		return text(d, &i.SessionType)
	case "ImageCreateMode":
		return text(d, &i.ImageCreateMode)
	case "OsType":
		return text(d, &i.OSType)
	case "Platform":
		return text(d, &i.Platform)
	case "PlatformName":
		return text(d, &i.PlatformName)
	case "Distro":
		return text(d, &i.Distro)
	case "Language":
		return text(d, &i.Language)
	case "SystemDiskSize":
		return integer(d, &i.SystemDiskSize)
	case "DataDiskSize":
		return integer(d, &i.DataDiskSize)
	case "VolumeEncryptionEnabled":
		return boolean(d, &i.VolumeEncryptionEnabled)
	case "VolumeEncryptionKey":
		return text(d, &i.VolumeEncryptionKey)
	case "ResourceInstanceCategory":
		return text(d, &i.ResourceInstanceCategory)
	case "FotaVersion":
		return text(d, &i.FOTAVersion)
	case "FotaChannel":
		return text(d, &i.FOTAChannel)
	case "CompatibleMode":
		return boolean(d, &i.CompatibleMode)
	case "Scene":
		return text(d, &i.Scene)
	case "Rating":
		return integer(d, &i.Rating)
	case "ImageIconUrl":
		return text(d, &i.ImageIconURL)
	case "EnvironmentId":
		return text(d, &i.EnvironmentID)
	case "SupportedLanguageList":
		return d.textList(languages)
	case "FeatureList":
		return d.textList(features)
	case "DriverList":
		return d.textList(drivers)
	case "ImageRegionList":
		return d.textList(regions)
	case "AppList":
		return objectList(d, &i.Apps, &d.apps, (*decoder).appMember)
	case "TagList":
		return objectList(d, &i.Tags, &d.tags, (*decoder).tagMember)
	case "ImageRegionDistributeList":
		return objectList(d, &i.RegionDistributions, &d.distributions, (*decoder).distributionMember)
	case "SnapshotList":
		return objectList(d, &i.Snapshots, &d.snapshots, (*decoder).snapshotMember)
	}
	d.scan.Skip()
	return false
}

func (d *decoder) appMember(a *App, name []byte) (fits bool) {
	switch string(name) {
	case "AppId":
		return text(d, &a.AppID)
	case "AppName":
		return text(d, &a.AppName)
	}
	d.scan.Skip()
	return false
}

func (d *decoder) tagMember(t *Tag, name []byte) (fits bool) {
	switch string(name) {
	case "Key":
		return text(d, &t.Key)
	case "Value":
		return text(d, &t.Value)
	}
	d.scan.Skip()
	return false
}

func (d *decoder) distributionMember(r *RegionDistribution, name []byte) (fits bool) {
	switch string(name) {
	case "ImageId":
		return text(d, &r.ImageID)
	case "RegionId":
		return text(d, &r.RegionID)
	case "VersionId":
		return text(d, &r.VersionID)
	case "Status":
		return text(d, &r.Status)
	case "Progress":
		return text(d, &r.Progress)
	}
	d.scan.Skip()
	return false
}

func (d *decoder) snapshotMember(s *DiskSnapshot, name []byte) (fits bool) {
	switch string(name) {
	case "SnapshotId":
		return text(d, &s.SnapshotID)
	case "VersionId":
		return text(d, &s.VersionID)
	case "DiskType":
		return text(d, &s.DiskType)
	case "DiskSubType":
		return text(d, &s.DiskSubType)
	case "DiskCategory":
		return text(d, &s.DiskCategory)
	case "BindType":
		return text(d, &s.BindType)
	case "Size":
		return integer(d, &s.Size)
	}
	d.scan.Skip()
	return false
}

// constant returns the text if it is one of the values the service uses over
// and over: they take no space in a page.
func constant(text []byte) (string, bool) {
	switch string(text) {
	case "":
		return "", true
	case "AVAILABLE":
		return "AVAILABLE", true
	case "INIT":
		return "INIT", true
	case "CREATING":
		return "CREATING", true
	case "CREATE_FAILED":
		return "CREATE_FAILED", true
	case "User":
		return "User", true
	case "Shared":
		return "Shared", true
	case "System":
		return "System", true
	case "Community":
		return "Community", true
	case "Ecs":
		return "Ecs", true
	case "ECS":
		return "ECS", true
	case "Ecs_Container":
		return "Ecs_Container", true
	case "Linux":
		return "Linux", true
	case "Windows":
		return "Windows", true
	case "Android":
		return "Android", true
	case "Unknown":
		return "Unknown", true
	case "CloudDesktop":
		return "CloudDesktop", true
	case "CloudApp":
		return "CloudApp", true
	case "WuyingServer":
		return "WuyingServer", true
	case "ASP":
		return "ASP", true
	case "HDX":
		return "HDX", true
	case "zh-CN":
		return "zh-CN", true
	case "zh-HK":
		return "zh-HK", true
	case "en-US":
		return "en-US", true
	case "ja-JP":
		return "ja-JP", true
	case "Ubuntu":
		return "Ubuntu", true
	case "Debian":
		return "Debian", true
	case "Windows Server 2022":
		return "Windows Server 2022", true
	case "Windows Server 2019":
		return "Windows Server 2019", true
	case "Windows Server 2016":
		return "Windows Server 2016", true
	case "Windows 11":
		return "Windows 11", true
	case "Windows 10":
		return "Windows 10", true
	case "SINGLE_SESSION":
		return "SINGLE_SESSION", true
	case "MULTIPLE_SESSION":
		return "MULTIPLE_SESSION", true
	case "BY_SNAPSHOT_ID":
		return "BY_SNAPSHOT_ID", true
	case "BY_INSTANCE_ID":
		return "BY_INSTANCE_ID", true
	case "BUILDER_MANUAL":
		return "BUILDER_MANUAL", true
	case "INSTANCE_AUTO":
		return "INSTANCE_AUTO", true
	case "GPU":
		return "GPU", true
	case "100%":
		return "100%", true
	}
	return "", false
}
