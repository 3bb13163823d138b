package vendorcore

import "github.com/alibabacloud-go/tea/dara"

// The model follows the style of the vendor's generated SDK, since that style is
// part of the cost: every field a pointer, lists of pointers, the model interface
// embedded, tags for JSON and XML.

type listImageResponse struct {
	dara.Model
	Headers    map[string]*string     `json:"headers,omitempty" xml:"headers,omitempty"`
	StatusCode *int32                 `json:"statusCode,omitempty" xml:"statusCode,omitempty"`
	Body       *listImageResponseBody `json:"body,omitempty" xml:"body,omitempty"`
}

type listImageResponseBody struct {
	dara.Model
	Code       *string  `json:"Code,omitempty" xml:"Code,omitempty"`
	Count      *int32   `json:"Count,omitempty" xml:"Count,omitempty"`
	Data       []*image `json:"Data,omitempty" xml:"Data,omitempty" type:"Repeated"`
	Message    *string  `json:"Message,omitempty" xml:"Message,omitempty"`
	PageNumber *int32   `json:"PageNumber,omitempty" xml:"PageNumber,omitempty"`
	PageSize   *int32   `json:"PageSize,omitempty" xml:"PageSize,omitempty"`
	RequestId  *string  `json:"RequestId,omitempty" xml:"RequestId,omitempty"`
	Success    *bool    `json:"Success,omitempty" xml:"Success,omitempty"`
}

type image struct {
	dara.Model
	AliUid                    *int64          `json:"AliUid,omitempty" xml:"AliUid,omitempty"`
	AppList                   []*app          `json:"AppList,omitempty" xml:"AppList,omitempty" type:"Repeated"`
	BaseImageId               *string         `json:"BaseImageId,omitempty" xml:"BaseImageId,omitempty"`
	BaseImageVersion          *string         `json:"BaseImageVersion,omitempty" xml:"BaseImageVersion,omitempty"`
	BizType                   *int32          `json:"BizType,omitempty" xml:"BizType,omitempty"`
	CompatibleMode            *bool           `json:"CompatibleMode,omitempty" xml:"CompatibleMode,omitempty"`
	DataDiskSize              *int32          `json:"DataDiskSize,omitempty" xml:"DataDiskSize,omitempty"`
	Description               *string         `json:"Description,omitempty" xml:"Description,omitempty"`
	Distro                    *string         `json:"Distro,omitempty" xml:"Distro,omitempty"`
	DriverList                []*string       `json:"DriverList,omitempty" xml:"DriverList,omitempty" type:"Repeated"`
	EnvironmentId             *string         `json:"EnvironmentId,omitempty" xml:"EnvironmentId,omitempty"`
	FeatureList               []*string       `json:"FeatureList,omitempty" xml:"FeatureList,omitempty" type:"Repeated"`
	FotaChannel               *string         `json:"FotaChannel,omitempty" xml:"FotaChannel,omitempty"`
	FotaVersion               *string         `json:"FotaVersion,omitempty" xml:"FotaVersion,omitempty"`
	GmtCreate                 *string         `json:"GmtCreate,omitempty" xml:"GmtCreate,omitempty"`
	GmtModified               *string         `json:"GmtModified,omitempty" xml:"GmtModified,omitempty"`
	ImageCreateMode           *string         `json:"ImageCreateMode,omitempty" xml:"ImageCreateMode,omitempty"`
	ImageIconUrl              *string         `json:"ImageIconUrl,omitempty" xml:"ImageIconUrl,omitempty"`
	ImageId                   *string         `json:"ImageId,omitempty" xml:"ImageId,omitempty"`
	ImageName                 *string         `json:"ImageName,omitempty" xml:"ImageName,omitempty"`
	ImageRegionDistributeList []*distribution `json:"ImageRegionDistributeList,omitempty" xml:"ImageRegionDistributeList,omitempty" type:"Repeated"`
	ImageRegionList           []*string       `json:"ImageRegionList,omitempty" xml:"ImageRegionList,omitempty" type:"Repeated"`
	ImageType                 *string         `json:"ImageType,omitempty" xml:"ImageType,omitempty"`
	Language                  *string         `json:"Language,omitempty" xml:"Language,omitempty"`
	LatestVersionId           *string         `json:"LatestVersionId,omitempty" xml:"LatestVersionId,omitempty"`
	OnlineVersion             *bool           `json:"OnlineVersion,omitempty" xml:"OnlineVersion,omitempty"`
	OnlineVersionId           *string         `json:"OnlineVersionId,omitempty" xml:"OnlineVersionId,omitempty"`
	OsType                    *string         `json:"OsType,omitempty" xml:"OsType,omitempty"`
	PackageType               *string         `json:"PackageType,omitempty" xml:"PackageType,omitempty"`
	ParentImageId             *string         `json:"ParentImageId,omitempty" xml:"ParentImageId,omitempty"`
	ParentImageVersion        *string         `json:"ParentImageVersion,omitempty" xml:"ParentImageVersion,omitempty"`
	Platform                  *int32          `json:"Platform,omitempty" xml:"Platform,omitempty"`
	PlatformName              *string         `json:"PlatformName,omitempty" xml:"PlatformName,omitempty"`
	ProductType               *string         `json:"ProductType,omitempty" xml:"ProductType,omitempty"`
	ProtocolType              *string         `json:"ProtocolType,omitempty" xml:"ProtocolType,omitempty"`
	Rating                    *int32          `json:"Rating,omitempty" xml:"Rating,omitempty"`
	ResourceInstanceCategory  *string         `json:"ResourceInstanceCategory,omitempty" xml:"ResourceInstanceCategory,omitempty"`
	Scene                     *string         `json:"Scene,omitempty" xml:"Scene,omitempty"`
	SessionType               *string         `json:"SessionType,omitempty" xml:"SessionType,omitempty"`
	SnapshotList              []*snapshot     `json:"SnapshotList,omitempty" xml:"SnapshotList,omitempty" type:"Repeated"`
	Status                    *string         `json:"Status,omitempty" xml:"Status,omitempty"`
	SupportedLanguageList     []*string       `json:"SupportedLanguageList,omitempty" xml:"SupportedLanguageList,omitempty" type:"Repeated"`
	SystemDiskSize            *int32          `json:"SystemDiskSize,omitempty" xml:"SystemDiskSize,omitempty"`
	TagList                   []*tag          `json:"TagList,omitempty" xml:"TagList,omitempty" type:"Repeated"`
	VersionId                 *string         `json:"VersionId,omitempty" xml:"VersionId,omitempty"`
	VersionName               *string         `json:"VersionName,omitempty" xml:"VersionName,omitempty"`
	VolumeEncryptionEnabled   *bool           `json:"VolumeEncryptionEnabled,omitempty" xml:"VolumeEncryptionEnabled,omitempty"`
	VolumeEncryptionKey       *string         `json:"VolumeEncryptionKey,omitempty" xml:"VolumeEncryptionKey,omitempty"`
}

type app struct {
	dara.Model
	AppId   *string `json:"AppId,omitempty" xml:"AppId,omitempty"`
	AppName *string `json:"AppName,omitempty" xml:"AppName,omitempty"`
}

type distribution struct {
	dara.Model
	ImageId   *string `json:"ImageId,omitempty" xml:"ImageId,omitempty"`
	Progress  *string `json:"Progress,omitempty" xml:"Progress,omitempty"`
	RegionId  *string `json:"RegionId,omitempty" xml:"RegionId,omitempty"`
	Status    *string `json:"Status,omitempty" xml:"Status,omitempty"`
	VersionId *string `json:"VersionId,omitempty" xml:"VersionId,omitempty"`
}

type snapshot struct {
	dara.Model
	BindType     *string `json:"BindType,omitempty" xml:"BindType,omitempty"`
	DiskCategory *string `json:"DiskCategory,omitempty" xml:"DiskCategory,omitempty"`
	DiskSubType  *string `json:"DiskSubType,omitempty" xml:"DiskSubType,omitempty"`
	DiskType     *string `json:"DiskType,omitempty" xml:"DiskType,omitempty"`
	Size         *int32  `json:"Size,omitempty" xml:"Size,omitempty"`
	SnapshotId   *string `json:"SnapshotId,omitempty" xml:"SnapshotId,omitempty"`
	VersionId    *string `json:"VersionId,omitempty" xml:"VersionId,omitempty"`
}

type tag struct {
	dara.Model
	Key   *string `json:"Key,omitempty" xml:"Key,omitempty"`
	Value *string `json:"Value,omitempty" xml:"Value,omitempty"`
}
