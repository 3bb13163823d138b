package plain

import "encoding/json"

// Response is a page of images in structs of values, equal in content to what
// the other clients decode into.
type Response struct {
	RequestID  string `json:"RequestId"`
	Code       string
	Message    string
	Success    bool
	PageNumber int
	PageSize   int
	Count      int
	Data       []Image
}

// Image has every documented element of the response.
type Image struct {
	AliUID                    int64 `json:"AliUid"`
	AppList                   []App
	BaseImageID               string `json:"BaseImageId"`
	BaseImageVersion          string
	BizType                   int32
	CompatibleMode            bool
	DataDiskSize              int
	Description               string
	Distro                    string
	DriverList                []string
	EnvironmentID             string `json:"EnvironmentId"`
	FeatureList               []string
	FotaChannel               string
	FotaVersion               string
	GmtCreate                 string
	GmtModified               string
	ImageCreateMode           string
	ImageIconURL              string `json:"ImageIconUrl"`
	ImageID                   string `json:"ImageId"`
	ImageName                 string
	ImageRegionDistributeList []Distribution
	ImageRegionList           []string
	ImageType                 string
	Language                  string
	LatestVersionID           string `json:"LatestVersionId"`
	OnlineVersion             bool
	OnlineVersionID           string `json:"OnlineVersionId"`
	OsType                    string
	PackageType               string
	ParentImageID             string `json:"ParentImageId"`
	ParentImageVersion        string
	Platform                  json.Number // text, as in the client it is compared with
	PlatformName              string
	ProductType               string
	ProtocolType              string
	Rating                    int
	ResourceInstanceCategory  string
	Scene                     string
	SessionType               string
	SnapshotList              []Snapshot
	Status                    string
	SupportedLanguageList     []string
	SystemDiskSize            int
	TagList                   []Tag
	VersionID                 string `json:"VersionId"`
	VersionName               string
	VolumeEncryptionEnabled   bool
	VolumeEncryptionKey       string
}

// App is an item of AppList.
type App struct {
	AppID   string `json:"AppId"`
	AppName string
}

// Distribution is an item of ImageRegionDistributeList.
type Distribution struct {
	ImageID   string `json:"ImageId"`
	RegionID  string `json:"RegionId"`
	VersionID string `json:"VersionId"`
	Status    string
	Progress  string
}

// Snapshot is an item of SnapshotList.
type Snapshot struct {
	SnapshotID   string `json:"SnapshotId"`
	VersionID    string `json:"VersionId"`
	DiskType     string
	DiskSubType  string
	DiskCategory string
	BindType     string
	Size         int
}

// Tag is an item of TagList.
type Tag struct{ Key, Value string }
