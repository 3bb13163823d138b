package appstreaming

import (
	"encoding/json"

	"github.com/wuying-go/appstreaming/internal/wirejson"
)

func (d *decoder) readImage(image *Image) {
	for name, more := d.Object(); more; name, more = d.NextMember() {
		value := d.Offset()
		fits := false
		switch string(name) {
		case "ImageId":
			fits = d.text(&image.ImageID)
		case "ImageName":
			fits = d.text(&image.ImageName)
		case "ImageType":
			fits = d.word((*string)(&image.ImageType))
		case "Status":
			fits = d.word((*string)(&image.Status))
		case "Description":
			fits = d.text(&image.Description)
		case "AliUid":
			fits = integer(d, &image.AliUID)
		case "BizType":
			fits = integer(d, &image.BizType)
		case "GmtCreate":
			fits = d.text((*string)(&image.Created))
		case "GmtModified":
			fits = d.text((*string)(&image.Modified))

		case "VersionId":
			fits = d.version(&image.VersionID)
		case "VersionName":
			fits = d.text(&image.VersionName)
		case "OnlineVersionId":
			fits = d.version(&image.OnlineVersionID)
		case "LatestVersionId":
			fits = d.version(&image.LatestVersionID)
		case "OnlineVersion":
			fits = d.boolean(&image.OnlineVersion)
		case "ParentImageId":
			fits = d.text(&image.ParentImageID)
		case "ParentImageVersion":
			fits = d.text(&image.ParentImageVersion)
		case "BaseImageId":
			fits = d.text(&image.BaseImageID)
		case "BaseImageVersion":
			fits = d.text(&image.BaseImageVersion)

		case "ProductType":
			fits = d.word((*string)(&image.ProductType))
		case "PackageType":
			fits = d.word((*string)(&image.PackageType))
		case "ProtocolType":
			fits = d.word((*string)(&image.ProtocolType))
		case "SessionType":
			fits = d.word((*string)(&image.SessionType))
		case "ImageCreateMode":
			fits = d.word((*string)(&image.ImageCreateMode))

		case "OsType":
			fits = d.word((*string)(&image.OSType))
		case "Platform":
			fits = d.word(&image.Platform)
		case "PlatformName":
			fits = d.word((*string)(&image.PlatformName))
		case "Distro":
			fits = d.text(&image.Distro)
		case "Language":
			fits = d.word((*string)(&image.Language))
		case "SupportedLanguageList":
			fits = readList(d, &d.languages, (*decoder).readLanguage)

		case "SystemDiskSize":
			fits = integer(d, &image.SystemDiskSize)
		case "DataDiskSize":
			fits = integer(d, &image.DataDiskSize)
		case "VolumeEncryptionEnabled":
			fits = d.boolean(&image.VolumeEncryptionEnabled)
		case "VolumeEncryptionKey":
			fits = d.text(&image.VolumeEncryptionKey)

		case "ResourceInstanceCategory":
			fits = d.text(&image.ResourceInstanceCategory)
		case "FeatureList":
			fits = readList(d, &d.features, (*decoder).readWord)
		case "DriverList":
			fits = readList(d, &d.drivers, (*decoder).readWord)
		case "AppList":
			fits = readList(d, &d.apps, (*decoder).readApp)
		case "TagList":
			fits = readList(d, &d.tags, (*decoder).readTag)
		case "ImageRegionList":
			fits = readList(d, &d.regions, (*decoder).readWord)
		case "ImageRegionDistributeList":
			fits = readList(d, &d.distributions, (*decoder).readDistribution)
		case "SnapshotList":
			fits = readList(d, &d.snapshots, (*decoder).readSnapshot)

		case "FotaVersion":
			fits = d.text(&image.FOTAVersion)
		case "FotaChannel":
			fits = d.word(&image.FOTAChannel)
		case "CompatibleMode":
			fits = d.boolean(&image.CompatibleMode)
		case "Scene":
			fits = d.word(&image.Scene)
		case "Rating":
			fits = integer(d, &image.Rating)
		case "ImageIconUrl":
			fits = d.text(&image.ImageIconURL)
		case "EnvironmentId":
			fits = d.text(&image.EnvironmentID)
		}
		d.settle(&image.Extra, name, value, fits)
	}
	d.store()
	d.takeLists(image)
}

// The items of an image's lists. Each reports whether the item is what the
// field can hold, with no unknown member; none has an Extra of its own, the
// whole list goes to the image's.

func (d *decoder) readApp(app *App) bool {
	if d.Peek() != wirejson.Object {
		return false
	}
	var extra map[string]json.RawMessage
	for name, more := d.Object(); more; name, more = d.NextMember() {
		value := d.Offset()
		fits := false
		switch string(name) {
		case "AppId":
			fits = d.text(&app.AppID)
		case "AppName":
			fits = d.text(&app.AppName)
		}
		d.settle(&extra, name, value, fits)
	}
	return extra == nil
}

func (d *decoder) readTag(tag *Tag) bool {
	if d.Peek() != wirejson.Object {
		return false
	}
	var extra map[string]json.RawMessage
	for name, more := d.Object(); more; name, more = d.NextMember() {
		value := d.Offset()
		fits := false
		switch string(name) {
		case "Key":
			fits = d.text(&tag.Key)
		case "Value":
			fits = d.text(&tag.Value)
		}
		d.settle(&extra, name, value, fits)
	}
	return extra == nil
}

func (d *decoder) readDistribution(r *RegionDistribution) bool {
	if d.Peek() != wirejson.Object {
		return false
	}
	var extra map[string]json.RawMessage
	for name, more := d.Object(); more; name, more = d.NextMember() {
		value := d.Offset()
		fits := false
		switch string(name) {
		case "ImageId":
			fits = d.text(&r.ImageID)
		case "RegionId":
			fits = d.word(&r.RegionID)
		case "VersionId":
			fits = d.version(&r.VersionID)
		case "Status":
			fits = d.word((*string)(&r.Status))
		case "Progress":
			fits = d.word(&r.Progress)
		}
		d.settle(&extra, name, value, fits)
	}
	return extra == nil
}

func (d *decoder) readSnapshot(s *DiskSnapshot) bool {
	if d.Peek() != wirejson.Object {
		return false
	}
	var extra map[string]json.RawMessage
	for name, more := d.Object(); more; name, more = d.NextMember() {
		value := d.Offset()
		fits := false
		switch string(name) {
		case "SnapshotId":
			fits = d.text(&s.SnapshotID)
		case "VersionId":
			fits = d.version(&s.VersionID)
		case "DiskType":
			fits = d.word(&s.DiskType)
		case "DiskSubType":
			fits = d.word(&s.DiskSubType)
		case "DiskCategory":
			fits = d.word(&s.DiskCategory)
		case "BindType":
			fits = d.word(&s.BindType)
		case "Size":
			fits = integer(d, &s.Size)
		}
		d.settle(&extra, name, value, fits)
	}
	return extra == nil
}

// A null in a list of strings is no string, though it is no text elsewhere.

func (d *decoder) readWord(item *string) bool {
	return d.Peek() != wirejson.Null && d.word(item)
}

func (d *decoder) readLanguage(item *Language) bool { return d.readWord((*string)(item)) }
