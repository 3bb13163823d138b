package appstreaming

// knownWord returns the word that raw is, if it is one of those that responses
// are full of, and "" otherwise: the documented values of the enumerations, and
// what else recurs in every image. A word returned takes no memory, as it is
// part of the program. A value that is missing here costs a few bytes and
// nothing else.
func knownWord(raw []byte) string {
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

	case "200":
		return "200"
	case "success":
		return "success"

	case "0":
		return "0"
	case "1":
		return "1"
	case "2":
		return "2"

	case "ECS":
		return "ECS"
	case "ECS_CONTAINER":
		return "ECS_CONTAINER"
	case "WINDOWS":
		return "WINDOWS"
	case "LINUX":
		return "LINUX"

	case "GPU":
		return "GPU"
	case "Builder":
		return "Builder"
	case "AIGC":
		return "AIGC"
	case "stable":
		return "stable"

	case "100%":
		return "100%"
	case "0%":
		return "0%"

	case "SYSTEM":
		return "SYSTEM"
	case "DATA":
		return "DATA"
	case "ALL":
		return "ALL"
	case "IMAGE":
		return "IMAGE"

	case "cloud_auto":
		return "cloud_auto"
	case "cloud_efficiency":
		return "cloud_efficiency"
	case "cloud_ssd":
		return "cloud_ssd"
	case "cloud_essd":
		return "cloud_essd"
	case "PL0":
		return "PL0"
	case "PL1":
		return "PL1"
	case "PL2":
		return "PL2"
	case "PL3":
		return "PL3"

	case "cn-hangzhou":
		return "cn-hangzhou"
	case "cn-shanghai":
		return "cn-shanghai"
	case "cn-beijing":
		return "cn-beijing"
	case "cn-shenzhen":
		return "cn-shenzhen"
	case "cn-guangzhou":
		return "cn-guangzhou"
	case "cn-chengdu":
		return "cn-chengdu"
	case "cn-qingdao":
		return "cn-qingdao"
	case "cn-zhangjiakou":
		return "cn-zhangjiakou"
	case "cn-huhehaote":
		return "cn-huhehaote"
	case "cn-wulanchabu":
		return "cn-wulanchabu"
	case "cn-nanjing":
		return "cn-nanjing"
	case "cn-hongkong":
		return "cn-hongkong"

	case "ap-southeast-1":
		return "ap-southeast-1"
	case "ap-southeast-3":
		return "ap-southeast-3"
	case "ap-southeast-5":
		return "ap-southeast-5"
	case "ap-southeast-6":
		return "ap-southeast-6"
	case "ap-southeast-7":
		return "ap-southeast-7"
	case "ap-northeast-1":
		return "ap-northeast-1"
	case "ap-northeast-2":
		return "ap-northeast-2"
	case "ap-south-1":
		return "ap-south-1"

	case "eu-central-1":
		return "eu-central-1"
	case "eu-west-1":
		return "eu-west-1"
	case "us-east-1":
		return "us-east-1"
	case "us-west-1":
		return "us-west-1"
	case "me-east-1":
		return "me-east-1"
	case "me-central-1":
		return "me-central-1"
	}
	return ""
}
