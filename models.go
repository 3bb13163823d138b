package appstreaming

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ListImageResponse is one page of images.
//
// [json.Marshal] writes the wire form, including Extra. [json.Unmarshal] reads
// it.
type ListImageResponse struct {
	RequestID  string  `json:"RequestId"` // identifier of the call, for support tickets
	Code       string  `json:"Code"`      // "200" on success
	Message    string  `json:"Message"`   // "success" on success
	Images     []Image `json:"Data"`      // images of the page, in the service's order
	PageNumber int     `json:"PageNumber"`
	PageSize   int     `json:"PageSize"`
	Count      int     `json:"Count"` // images on all pages together, not on this page

	// Extra holds the top-level members that have no field in this version, and
	// values that do not fit their field. It is nil if there are none.
	Extra map[string]json.RawMessage `json:"-"`

	Attempts int             `json:"-"` // attempts of the call; 1 if the first succeeded
	Header   http.Header     `json:"-"` // headers of the response
	Raw      json.RawMessage `json:"-"` // the body as received, only with WithRawResponse
}

// Image is a cloud desktop or cloud app image. It has every documented element
// of an item of ListImage's response array Data. Elements that the service
// leaves out, or sends as null, have their zero value.
//
// [json.Marshal] writes the wire form, including Extra. [json.Unmarshal] reads
// it.
type Image struct {
	ImageID     string      `json:"ImageId"` // for example "imgc-06zyt9m93zwax8" for custom images; system images have readable names
	ImageName   string      `json:"ImageName"`
	ImageType   ImageType   `json:"ImageType"`
	Status      ImageStatus `json:"Status"`
	Description string      `json:"Description"`
	AliUID      int64       `json:"AliUid"` // account that owns the image
	BizType     int32       `json:"BizType"`
	Created     Timestamp   `json:"GmtCreate"`
	Modified    Timestamp   `json:"GmtModified"`

	// An image can have several versions: the one described here, the one in
	// use, and the latest one.
	VersionID       string `json:"VersionId"`
	VersionName     string `json:"VersionName"`
	OnlineVersionID string `json:"OnlineVersionId"`
	LatestVersionID string `json:"LatestVersionId"`
	OnlineVersion   bool   `json:"OnlineVersion"` // this version is the one in use

	// The image that this one was made from (custom images only), and the system
	// image at the root of that chain.
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
	Platform           string       `json:"Platform"` // undocumented; a number or text, kept as text
	PlatformName       PlatformName `json:"PlatformName"`
	Distro             string       `json:"Distro"` // for example "Ubuntu 22.04 64位"
	Language           Language     `json:"Language"`
	SupportedLanguages []Language   `json:"SupportedLanguageList"`

	SystemDiskSize          int    `json:"SystemDiskSize"` // GiB
	DataDiskSize            int    `json:"DataDiskSize"`   // GiB
	VolumeEncryptionEnabled bool   `json:"VolumeEncryptionEnabled"`
	VolumeEncryptionKey     string `json:"VolumeEncryptionKey"` // identifier of the KMS key, not the key

	// ResourceInstanceCategory holds a JSON array as text; see
	// Image.ResourceCategories.
	ResourceInstanceCategory string `json:"ResourceInstanceCategory"`

	Features []Feature `json:"FeatureList"`
	Drivers  []string  `json:"DriverList"` // an item can be a JSON array as text; see Image.DriverIDs
	Apps     []App     `json:"AppList"`
	Tags     []Tag     `json:"TagList"`

	ImageRegions        []string             `json:"ImageRegionList"` // regions that the image is deployed to
	RegionDistributions []RegionDistribution `json:"ImageRegionDistributeList"`
	Snapshots           []DiskSnapshot       `json:"SnapshotList"`

	FOTAVersion    string `json:"FotaVersion"`
	FOTAChannel    string `json:"FotaChannel"`
	CompatibleMode bool   `json:"CompatibleMode"`
	Scene          string `json:"Scene"`  // for example "AIGC"
	Rating         int    `json:"Rating"` // for example 95
	ImageIconURL   string `json:"ImageIconUrl"`
	EnvironmentID  string `json:"EnvironmentId"`

	// Extra holds, as received, the members that have no field in this version,
	// and values that do not fit their field. The field then has what could be
	// read of the value. Extra is nil if there are none. When the image is
	// marshalled, Extra takes precedence over the fields.
	Extra map[string]json.RawMessage `json:"-"`
}

// App is an application in an image: an item of AppList.
type App struct {
	AppID   string `json:"AppId"` // for example "ca-i87mycyn419nu8"
	AppName string `json:"AppName"`
}

// Tag is a key with its value: an item of TagList in requests and responses.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// RegionDistribution is the deployment of an image to one region: an item of
// ImageRegionDistributeList.
type RegionDistribution struct {
	ImageID   string      `json:"ImageId"` // identifier of the image in that region
	RegionID  string      `json:"RegionId"`
	VersionID string      `json:"VersionId"`
	Status    ImageStatus `json:"Status"`
	Progress  string      `json:"Progress"` // for example "70%"; see RegionDistribution.ProgressPercent
}

// DiskSnapshot is the snapshot of a disk in an image: an item of SnapshotList.
// The values of its disk and bind types are not documented.
type DiskSnapshot struct {
	SnapshotID   string `json:"SnapshotId"`
	VersionID    string `json:"VersionId"`
	DiskType     string `json:"DiskType"`
	DiskSubType  string `json:"DiskSubType"`
	DiskCategory string `json:"DiskCategory"`
	BindType     string `json:"BindType"`
	Size         int    `json:"Size"` // GiB
}

// timestampLayout is how the service writes times. It documents no time zone.
const timestampLayout = "2006-01-02 15:04:05"

// Timestamp is a time as the service writes it, for example
// "2025-04-25 15:13:57". Its time zone is not documented, so the text is kept
// and the caller passes the zone to [Timestamp.In].
type Timestamp string

// In parses the timestamp as a wall-clock time in loc. A nil loc means UTC.
// Surrounding white space is ignored. Text in another layout is an error.
func (t Timestamp) In(loc *time.Location) (time.Time, error) {
	if loc == nil {
		loc = time.UTC
	}
	text := shortened(strings.TrimSpace(string(t)), maxShownName) // the error quotes it
	parsed, err := time.ParseInLocation(timestampLayout, text, loc)
	if err != nil {
		return time.Time{}, wrapf("appstreaming: timestamp %q is not of the form %q: %w", text, timestampLayout, err)
	}
	return parsed, nil
}

// ResourceCategories parses ResourceInstanceCategory, a string that holds a
// JSON array of strings. It returns nil for empty text and for null, and an
// error for text of another form.
func (i Image) ResourceCategories() ([]string, error) {
	switch strings.TrimSpace(i.ResourceInstanceCategory) {
	case "", "null":
		return nil, nil
	}
	categories, err := parseTexts(i.ResourceInstanceCategory)
	if err != nil {
		return nil, fmt.Errorf("appstreaming: ResourceInstanceCategory %q is not a JSON array of strings: %w",
			shortened(i.ResourceInstanceCategory, maxShownName), err)
	}
	return categories, nil
}

// DriverIDs returns the items of Drivers. An item that is itself a JSON array
// of strings is replaced by its strings. Every other item is returned unchanged,
// even if it begins like an array. The error is always nil.
func (i Image) DriverIDs() ([]string, error) {
	var ids []string
	for _, item := range i.Drivers {
		texts, err := parseTexts(item)
		if err != nil {
			texts = []string{item}
		}
		ids = append(ids, texts...)
	}
	return ids, nil
}

// parseTexts parses a JSON array of strings.
func parseTexts(text string) ([]string, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "[") {
		return nil, errors.New("not an array")
	}
	var items []*string
	if err := json.Unmarshal([]byte(text), &items); err != nil {
		return nil, err
	}
	var texts []string
	for _, item := range items {
		if item == nil {
			return nil, errors.New("an item is null")
		}
		texts = append(texts, *item)
	}
	return texts, nil
}

// ProgressPercent parses Progress, for example "70%", as a number from 0 to
// 100. It reports false for text of another form.
func (d RegionDistribution) ProgressPercent() (float64, bool) {
	number, found := strings.CutSuffix(strings.TrimSpace(d.Progress), "%")
	if !found {
		return 0, false
	}
	percent, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(percent >= 0 && percent <= 100) {
		return 0, false
	}
	return percent, true
}
