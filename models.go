package appstreaming

import (
	"encoding/json"
	"net/http"
)

// ListImageResponse is one page of images.
//
// [json.Marshal] gives the wire form back, [json.Unmarshal] reads it.
type ListImageResponse struct {
	RequestID  string  `json:"RequestId"` // the call's identifier, for support tickets
	Code       string  `json:"Code"`      // "200" on success
	Message    string  `json:"Message"`   // "success" on success
	Images     []Image `json:"Data"`      // the page's images, in the service's order
	PageNumber int     `json:"PageNumber"`
	PageSize   int     `json:"PageSize"`
	Count      int     `json:"Count"` // images over all pages, not of this page

	// Extra holds the top-level members this version does not know, and known
	// ones whose value does not fit its field. It is nil when there are none.
	Extra map[string]json.RawMessage `json:"-"`

	Attempts int             `json:"-"` // HTTP requests it took, 1 when the first succeeded
	Header   http.Header     `json:"-"` // headers of the response
	Raw      json.RawMessage `json:"-"` // the body as received, only with WithRawResponse
}

// Image is a cloud desktop or cloud app image, every documented element of
// ListImage's response array Data. Elements the service left out, or sent as
// null, have their zero value.
//
// [json.Marshal] gives the wire form back, Extra included; [json.Unmarshal]
// reads it as the client does.
type Image struct {
	ImageID     string      `json:"ImageId"` // as "imgc-06zyt9m93zwax8" for custom images; system images have readable names
	ImageName   string      `json:"ImageName"`
	ImageType   ImageType   `json:"ImageType"`
	Status      ImageStatus `json:"Status"`
	Description string      `json:"Description"`
	AliUID      int64       `json:"AliUid"` // account that owns the image
	BizType     int32       `json:"BizType"`
	Created     Timestamp   `json:"GmtCreate"`
	Modified    Timestamp   `json:"GmtModified"`

	// An image has several versions: the one described here, the one in use,
	// and the newest.
	VersionID       string `json:"VersionId"`
	VersionName     string `json:"VersionName"`
	OnlineVersionID string `json:"OnlineVersionId"`
	LatestVersionID string `json:"LatestVersionId"`
	OnlineVersion   bool   `json:"OnlineVersion"` // this version is the one in use

	// The image it was made from (custom images only), and the system image at
	// the root.
	ParentImageID      string `json:"ParentImageId"`
	ParentImageVersion string `json:"ParentImageVersion"`
	BaseImageID        string `json:"BaseImageId"`
	BaseImageVersion   string `json:"BaseImageVersion"`

	ProductType     ProductType     `json:"ProductType"`
	PackageType     PackageType     `json:"PackageType"` // letter case differs from the request's values
	ProtocolType    ProtocolType    `json:"ProtocolType"`
	SessionType     SessionType     `json:"SessionType"`
	ImageCreateMode ImageCreateMode `json:"ImageCreateMode"`

	OSType             OSType       `json:"OsType"`
	Platform           string       `json:"Platform"` // undocumented number or text, kept as text
	PlatformName       PlatformName `json:"PlatformName"`
	Distro             string       `json:"Distro"` // as "Ubuntu 22.04 64位"
	Language           Language     `json:"Language"`
	SupportedLanguages []Language   `json:"SupportedLanguageList"`

	SystemDiskSize          int    `json:"SystemDiskSize"` // GiB
	DataDiskSize            int    `json:"DataDiskSize"`   // GiB
	VolumeEncryptionEnabled bool   `json:"VolumeEncryptionEnabled"`
	VolumeEncryptionKey     string `json:"VolumeEncryptionKey"` // identifier of the KMS key, not the key

	// ResourceInstanceCategory is JSON text inside a string; see
	// Image.ResourceCategories.
	ResourceInstanceCategory string `json:"ResourceInstanceCategory"`

	Features []Feature `json:"FeatureList"`
	Drivers  []string  `json:"DriverList"` // an item may itself be JSON text; see Image.DriverIDs
	Apps     []App     `json:"AppList"`
	Tags     []Tag     `json:"TagList"`

	ImageRegions        []string             `json:"ImageRegionList"` // regions the image is deployed to
	RegionDistributions []RegionDistribution `json:"ImageRegionDistributeList"`
	Snapshots           []DiskSnapshot       `json:"SnapshotList"`

	FOTAVersion    string `json:"FotaVersion"`
	FOTAChannel    string `json:"FotaChannel"`
	CompatibleMode bool   `json:"CompatibleMode"`
	Scene          string `json:"Scene"`  // as "AIGC"
	Rating         int    `json:"Rating"` // as 95
	ImageIconURL   string `json:"ImageIconUrl"`
	EnvironmentID  string `json:"EnvironmentId"`

	// Extra holds, as received, the members this version does not know, and
	// known ones whose value does not fit its field wholly: the field then has
	// what could be read of it. It is nil when there are none, and wins over
	// the fields when the image is marshalled.
	Extra map[string]json.RawMessage `json:"-"`
}

// App is an application in an image, an item of AppList.
type App struct {
	AppID   string `json:"AppId"` // as "ca-i87mycyn419nu8"
	AppName string `json:"AppName"`
}

// Tag is a key and its value, an item of TagList in requests and responses.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// RegionDistribution is an image's deployment to one region, an item of
// ImageRegionDistributeList.
type RegionDistribution struct {
	ImageID   string      `json:"ImageId"` // the image's identifier in that region
	RegionID  string      `json:"RegionId"`
	VersionID string      `json:"VersionId"`
	Status    ImageStatus `json:"Status"`
	Progress  string      `json:"Progress"` // as "70%"; see RegionDistribution.ProgressPercent
}

// DiskSnapshot is a disk's snapshot in an image, an item of SnapshotList. Its
// disk and bind types have no documented values.
type DiskSnapshot struct {
	SnapshotID   string `json:"SnapshotId"`
	VersionID    string `json:"VersionId"`
	DiskType     string `json:"DiskType"`
	DiskSubType  string `json:"DiskSubType"`
	DiskCategory string `json:"DiskCategory"`
	BindType     string `json:"BindType"`
	Size         int    `json:"Size"` // GiB
}
