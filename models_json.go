package appstreaming

import (
	"encoding/json"
	"fmt"
)

// imageSize is about how many bytes an image takes with every member filled.
const imageSize = 3 << 10

// MarshalJSON gives the wire form: every documented member, with null for lists
// that are nil. Platform is a number where its text is one and null where it is
// empty. What is in Extra is added, and replaces the member of its name.
func (i Image) MarshalJSON() ([]byte, error) {
	return appendImage(make([]byte, 0, imageSize), &i)
}

// UnmarshalJSON reads the wire form as the client does, and replaces the whole
// image. null leaves it as it is.
func (i *Image) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	image, err := decodeImage(text)
	if err != nil {
		return unmarshalError("an image", err)
	}
	*i = image
	return nil
}

// MarshalJSON gives the wire form, that of a successful call: every documented
// member, Success too, and what is in Extra, which replaces the member of its
// name. Attempts, Header and Raw are not part of it.
func (r ListImageResponse) MarshalJSON() ([]byte, error) {
	o := beginObject(make([]byte, 0, (len(r.Images)+1)*imageSize), r.Extra)
	o.text("RequestId", r.RequestID)
	o.text("Code", r.Code)
	o.text("Message", r.Message)
	o.boolean("Success", true)
	o.integer("PageNumber", int64(r.PageNumber))
	o.integer("PageSize", int64(r.PageSize))
	o.integer("Count", int64(r.Count))
	writeList(&o, "Data", r.Images, appendImage)
	return o.end()
}

// UnmarshalJSON reads the wire form as the client does, and replaces all that
// is part of it. Success has no field: where it is false it is kept in Extra.
// null leaves the response as it is.
func (r *ListImageResponse) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	page, said, err := decodePage(text)
	if err != nil {
		return unmarshalError("a page of images", err)
	}
	if said.success == successFalse {
		if page.Extra == nil {
			page.Extra = make(map[string]json.RawMessage, 1)
		}
		page.Extra["Success"] = json.RawMessage("false")
	}
	page.Attempts, page.Header, page.Raw = r.Attempts, r.Header, r.Raw
	*r = page
	return nil
}

func unmarshalError(what string, err *DecodeError) error {
	if err.Path != "" {
		what += " at " + err.Path
	}
	return fmt.Errorf("appstreaming: cannot unmarshal %s (byte %d): %s", what, err.Offset, err.Reason)
}

func appendImage(b []byte, i *Image) ([]byte, error) {
	o := beginObject(b, i.Extra)
	o.text("ImageId", i.ImageID)
	o.text("ImageName", i.ImageName)
	o.text("ImageType", string(i.ImageType))
	o.text("Status", string(i.Status))
	o.text("Description", i.Description)
	o.integer("AliUid", i.AliUID)
	o.integer("BizType", int64(i.BizType))
	o.text("GmtCreate", string(i.Created))
	o.text("GmtModified", string(i.Modified))
	o.text("VersionId", i.VersionID)
	o.text("VersionName", i.VersionName)
	o.text("OnlineVersionId", i.OnlineVersionID)
	o.text("LatestVersionId", i.LatestVersionID)
	o.boolean("OnlineVersion", i.OnlineVersion)
	o.text("ParentImageId", i.ParentImageID)
	o.text("ParentImageVersion", i.ParentImageVersion)
	o.text("BaseImageId", i.BaseImageID)
	o.text("BaseImageVersion", i.BaseImageVersion)
	o.text("ProductType", string(i.ProductType))
	o.text("PackageType", string(i.PackageType))
	o.text("ProtocolType", string(i.ProtocolType))
	o.text("SessionType", string(i.SessionType))
	o.text("ImageCreateMode", string(i.ImageCreateMode))
	o.text("OsType", string(i.OSType))
	o.number("Platform", i.Platform)
	o.text("PlatformName", string(i.PlatformName))
	o.text("Distro", i.Distro)
	o.text("Language", string(i.Language))
	writeTexts(&o, "SupportedLanguageList", i.SupportedLanguages)
	o.integer("SystemDiskSize", int64(i.SystemDiskSize))
	o.integer("DataDiskSize", int64(i.DataDiskSize))
	o.boolean("VolumeEncryptionEnabled", i.VolumeEncryptionEnabled)
	o.text("VolumeEncryptionKey", i.VolumeEncryptionKey)
	o.text("ResourceInstanceCategory", i.ResourceInstanceCategory)
	writeTexts(&o, "FeatureList", i.Features)
	writeTexts(&o, "DriverList", i.Drivers)
	writeList(&o, "AppList", i.Apps, appendApp)
	writeList(&o, "TagList", i.Tags, appendTag)
	writeTexts(&o, "ImageRegionList", i.ImageRegions)
	writeList(&o, "ImageRegionDistributeList", i.RegionDistributions, appendDistribution)
	writeList(&o, "SnapshotList", i.Snapshots, appendSnapshot)
	o.text("FotaVersion", i.FOTAVersion)
	o.text("FotaChannel", i.FOTAChannel)
	o.boolean("CompatibleMode", i.CompatibleMode)
	o.text("Scene", i.Scene)
	o.integer("Rating", int64(i.Rating))
	o.text("ImageIconUrl", i.ImageIconURL)
	o.text("EnvironmentId", i.EnvironmentID)
	return o.end()
}

func appendApp(b []byte, a *App) ([]byte, error) {
	o := beginObject(b, nil)
	o.text("AppId", a.AppID)
	o.text("AppName", a.AppName)
	return o.end()
}

func appendTag(b []byte, t *Tag) ([]byte, error) {
	o := beginObject(b, nil)
	o.text("Key", t.Key)
	o.text("Value", t.Value)
	return o.end()
}

func appendDistribution(b []byte, r *RegionDistribution) ([]byte, error) {
	o := beginObject(b, nil)
	o.text("ImageId", r.ImageID)
	o.text("RegionId", r.RegionID)
	o.text("VersionId", r.VersionID)
	o.text("Status", string(r.Status))
	o.text("Progress", r.Progress)
	return o.end()
}

func appendSnapshot(b []byte, s *DiskSnapshot) ([]byte, error) {
	o := beginObject(b, nil)
	o.text("SnapshotId", s.SnapshotID)
	o.text("VersionId", s.VersionID)
	o.text("DiskType", s.DiskType)
	o.text("DiskSubType", s.DiskSubType)
	o.text("DiskCategory", s.DiskCategory)
	o.text("BindType", s.BindType)
	o.integer("Size", int64(s.Size))
	return o.end()
}
