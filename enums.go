package appstreaming

// The enumerations below are open: the service adds values without notice, and
// unknown values pass unchanged in both directions. The Values method of each
// type lists the documented values.

// ImageStatus is the state of an image, wire parameter and element Status.
type ImageStatus string

// The documented states of an image.
const (
	ImageStatusAvailable    ImageStatus = "AVAILABLE"     // usable
	ImageStatusInit         ImageStatus = "INIT"          // being initialised
	ImageStatusCreating     ImageStatus = "CREATING"      // being created
	ImageStatusCreateFailed ImageStatus = "CREATE_FAILED" // creation failed
)

// Values returns the documented states; the service may send others.
func (ImageStatus) Values() []ImageStatus {
	return []ImageStatus{ImageStatusAvailable, ImageStatusInit, ImageStatusCreating, ImageStatusCreateFailed}
}

// ImageType says who owns an image, wire parameter and element ImageType.
type ImageType string

// The documented image types.
const (
	ImageTypeUser      ImageType = "User"      // custom image of this account
	ImageTypeShared    ImageType = "Shared"    // shared with this account
	ImageTypeSystem    ImageType = "System"    // provided by the platform
	ImageTypeCommunity ImageType = "Community" // community image
)

// Values returns the documented image types; the service may send others.
func (ImageType) Values() []ImageType {
	return []ImageType{ImageTypeUser, ImageTypeShared, ImageTypeSystem, ImageTypeCommunity}
}

// PackageType is the packaging of an image, wire parameter and element
// PackageType. Responses can use another letter case ("ECS") and packagings
// that a request does not accept. Compare values with [strings.EqualFold].
type PackageType string

// The documented package types of a request.
const (
	PackageTypeECS          PackageType = "Ecs"           // ECS image
	PackageTypeECSContainer PackageType = "Ecs_Container" // ECS image with Docker image
)

// Values returns the documented package types; the service may send others.
func (PackageType) Values() []PackageType {
	return []PackageType{PackageTypeECS, PackageTypeECSContainer}
}

// OSType is the operating system family, wire parameter and element OsType.
type OSType string

// The documented operating system families.
const (
	OSTypeLinux   OSType = "Linux"
	OSTypeWindows OSType = "Windows"
	OSTypeAndroid OSType = "Android"
	OSTypeUnknown OSType = "Unknown"
)

// Values returns the documented families; the service may send others.
func (OSType) Values() []OSType {
	return []OSType{OSTypeLinux, OSTypeWindows, OSTypeAndroid, OSTypeUnknown}
}

// ProductType is the product an image is for, wire parameters ProductType and
// ProductTypeList, element ProductType.
type ProductType string

// The documented product types.
const (
	ProductTypeCloudDesktop ProductType = "CloudDesktop" // Elastic Desktop Service (WUYING cloud desktop)
	ProductTypeCloudApp     ProductType = "CloudApp"     // App Streaming (cloud app)
	ProductTypeWuyingServer ProductType = "WuyingServer" // Workstation
)

// Values returns the documented product types; the service may send others.
func (ProductType) Values() []ProductType {
	return []ProductType{ProductTypeCloudDesktop, ProductTypeCloudApp, ProductTypeWuyingServer}
}

// ProtocolType is the streaming protocol, wire parameter and element
// ProtocolType.
type ProtocolType string

// The documented protocols.
const (
	ProtocolTypeASP ProtocolType = "ASP" // Alibaba Cloud's own protocol
	ProtocolTypeHDX ProtocolType = "HDX" // High-definition Experience
)

// Values returns the documented protocols; the service may send others.
func (ProtocolType) Values() []ProtocolType {
	return []ProtocolType{ProtocolTypeASP, ProtocolTypeHDX}
}

// Language is a language tag, wire parameter LanguageType, elements Language
// and SupportedLanguageList.
type Language string

// The documented languages.
const (
	LanguageZhCN Language = "zh-CN" // simplified Chinese
	LanguageZhHK Language = "zh-HK" // traditional Chinese (Hong Kong)
	LanguageEnUS Language = "en-US" // English
	LanguageJaJP Language = "ja-JP" // Japanese
)

// Values returns the documented languages; the service may send others.
func (Language) Values() []Language {
	return []Language{LanguageZhCN, LanguageZhHK, LanguageEnUS, LanguageJaJP}
}

// PlatformName is the operating system's product name, wire parameters
// PlatformName and PlatformNameList, element PlatformName.
type PlatformName string

// The documented platform names. They contain spaces.
const (
	PlatformNameUbuntu            PlatformName = "Ubuntu"
	PlatformNameDebian            PlatformName = "Debian"
	PlatformNameWindowsServer2022 PlatformName = "Windows Server 2022"
	PlatformNameWindowsServer2019 PlatformName = "Windows Server 2019"
	PlatformNameWindowsServer2016 PlatformName = "Windows Server 2016"
	PlatformNameWindows11         PlatformName = "Windows 11"
	PlatformNameWindows10         PlatformName = "Windows 10"
)

// Values returns the documented platform names; the service may send others.
func (PlatformName) Values() []PlatformName {
	return []PlatformName{
		PlatformNameUbuntu, PlatformNameDebian,
		PlatformNameWindowsServer2022, PlatformNameWindowsServer2019, PlatformNameWindowsServer2016,
		PlatformNameWindows11, PlatformNameWindows10,
	}
}

// SessionType says how many sessions an image serves at once, element
// SessionType.
type SessionType string

// The documented session types.
const (
	SessionTypeSingle   SessionType = "SINGLE_SESSION"
	SessionTypeMultiple SessionType = "MULTIPLE_SESSION"
)

// Values returns the documented session types; the service may send others.
func (SessionType) Values() []SessionType {
	return []SessionType{SessionTypeSingle, SessionTypeMultiple}
}

// ImageCreateMode says how an image was created, element ImageCreateMode.
type ImageCreateMode string

// The documented ways to create an image.
const (
	ImageCreateModeBySnapshotID  ImageCreateMode = "BY_SNAPSHOT_ID" // from a snapshot, or holding only a system disk
	ImageCreateModeByInstanceID  ImageCreateMode = "BY_INSTANCE_ID" // from an instance, or holding system and data disks
	ImageCreateModeBuilderManual ImageCreateMode = "BUILDER_MANUAL" // by hand, with the image builder
	ImageCreateModeInstanceAuto  ImageCreateMode = "INSTANCE_AUTO"  // automatically, from an instance
)

// Values returns the documented modes; the service may send others.
func (ImageCreateMode) Values() []ImageCreateMode {
	return []ImageCreateMode{
		ImageCreateModeBySnapshotID, ImageCreateModeByInstanceID,
		ImageCreateModeBuilderManual, ImageCreateModeInstanceAuto,
	}
}

// Feature is a capability of an image, wire parameter and element FeatureList.
type Feature string

// The documented features of a request. The documentation lists none for
// responses.
const (
	FeatureGPU          Feature = "GPU"          // GPU support
	FeatureBuilder      Feature = "Builder"      // image builder support
	FeatureMultiSession Feature = "MultiSession" // several sessions at once
	FeatureFOTAChannel  Feature = "FotaChannel"  // FOTA channels
)

// Values returns the documented features; the service may send others.
func (Feature) Values() []Feature {
	return []Feature{FeatureGPU, FeatureBuilder, FeatureMultiSession, FeatureFOTAChannel}
}

// documented returns the documented value of an enumeration that raw spells, or
// "" for any other text. The value is part of the program: an image needs no
// memory for it. Pages hold about 20 of them for each image.
func documented(raw []byte) string {
	switch string(raw) {
	case string(ImageStatusAvailable):
		return string(ImageStatusAvailable)
	case string(ImageStatusInit):
		return string(ImageStatusInit)
	case string(ImageStatusCreating):
		return string(ImageStatusCreating)
	case string(ImageStatusCreateFailed):
		return string(ImageStatusCreateFailed)
	case string(ImageTypeUser):
		return string(ImageTypeUser)
	case string(ImageTypeShared):
		return string(ImageTypeShared)
	case string(ImageTypeSystem):
		return string(ImageTypeSystem)
	case string(ImageTypeCommunity):
		return string(ImageTypeCommunity)
	case string(PackageTypeECS):
		return string(PackageTypeECS)
	case string(PackageTypeECSContainer):
		return string(PackageTypeECSContainer)
	case string(OSTypeLinux):
		return string(OSTypeLinux)
	case string(OSTypeWindows):
		return string(OSTypeWindows)
	case string(OSTypeAndroid):
		return string(OSTypeAndroid)
	case string(OSTypeUnknown):
		return string(OSTypeUnknown)
	case string(ProductTypeCloudDesktop):
		return string(ProductTypeCloudDesktop)
	case string(ProductTypeCloudApp):
		return string(ProductTypeCloudApp)
	case string(ProductTypeWuyingServer):
		return string(ProductTypeWuyingServer)
	case string(ProtocolTypeASP):
		return string(ProtocolTypeASP)
	case string(ProtocolTypeHDX):
		return string(ProtocolTypeHDX)
	case string(LanguageZhCN):
		return string(LanguageZhCN)
	case string(LanguageZhHK):
		return string(LanguageZhHK)
	case string(LanguageEnUS):
		return string(LanguageEnUS)
	case string(LanguageJaJP):
		return string(LanguageJaJP)
	case string(PlatformNameUbuntu):
		return string(PlatformNameUbuntu)
	case string(PlatformNameDebian):
		return string(PlatformNameDebian)
	case string(PlatformNameWindowsServer2022):
		return string(PlatformNameWindowsServer2022)
	case string(PlatformNameWindowsServer2019):
		return string(PlatformNameWindowsServer2019)
	case string(PlatformNameWindowsServer2016):
		return string(PlatformNameWindowsServer2016)
	case string(PlatformNameWindows11):
		return string(PlatformNameWindows11)
	case string(PlatformNameWindows10):
		return string(PlatformNameWindows10)
	case string(SessionTypeSingle):
		return string(SessionTypeSingle)
	case string(SessionTypeMultiple):
		return string(SessionTypeMultiple)
	case string(ImageCreateModeBySnapshotID):
		return string(ImageCreateModeBySnapshotID)
	case string(ImageCreateModeByInstanceID):
		return string(ImageCreateModeByInstanceID)
	case string(ImageCreateModeBuilderManual):
		return string(ImageCreateModeBuilderManual)
	case string(ImageCreateModeInstanceAuto):
		return string(ImageCreateModeInstanceAuto)
	case string(FeatureGPU):
		return string(FeatureGPU)
	case string(FeatureBuilder):
		return string(FeatureBuilder)
	case string(FeatureMultiSession):
		return string(FeatureMultiSession)
	case string(FeatureFOTAChannel):
		return string(FeatureFOTAChannel)
	}
	return ""
}
