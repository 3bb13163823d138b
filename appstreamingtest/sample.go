package appstreamingtest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/wuying-go/appstreaming"
)

// sampleSystem is an operating system with the fields that depend on it.
type sampleSystem struct {
	osType   appstreaming.OSType
	platform appstreaming.PlatformName
	number   int
	distro   string
	base     string
}

// SampleImages returns n images. It always returns the same ones, and those of a
// smaller n come first. Every field is set, with text in Chinese and English, and
// an image takes about 3 kB as JSON. Identifiers are unique. All other fields
// vary, so that every filter selects a different part.
func SampleImages(n int) []appstreaming.Image {
	images := make([]appstreaming.Image, max(n, 0))
	for i := range images {
		images[i] = sampleImage(i)
	}
	return images
}

// of picks a value by index.
func of[T any](i int, values ...T) T { return values[i%len(values)] }

func sampleImage(i int) appstreaming.Image {
	system := of(i,
		sampleSystem{appstreaming.OSTypeWindows, appstreaming.PlatformNameWindowsServer2022, 2, "Windows Server 2022 64位", "win2022"},
		sampleSystem{appstreaming.OSTypeLinux, appstreaming.PlatformNameUbuntu, 1, "Ubuntu 22.04 64位", "ubuntu2204"},
		sampleSystem{appstreaming.OSTypeWindows, appstreaming.PlatformNameWindows11, 2, "Windows 11 专业版 64位", "win11"},
		sampleSystem{appstreaming.OSTypeWindows, appstreaming.PlatformNameWindowsServer2019, 2, "Windows Server 2019 64位", "win2019"},
		sampleSystem{appstreaming.OSTypeLinux, appstreaming.PlatformNameDebian, 1, "Debian 12.5 64位", "debian12"},
		sampleSystem{appstreaming.OSTypeWindows, appstreaming.PlatformNameWindows10, 2, "Windows 10 企业版 64位", "win10"},
		sampleSystem{appstreaming.OSTypeAndroid, appstreaming.PlatformNameUbuntu, 3, "Android 12 云手机", "android12"},
	)
	version := fmt.Sprintf("iv-0bxls9m5arix%05d", i)
	status := of(i/3,
		appstreaming.ImageStatusAvailable, appstreaming.ImageStatusAvailable, appstreaming.ImageStatusAvailable, appstreaming.ImageStatusCreating,
		appstreaming.ImageStatusAvailable, appstreaming.ImageStatusAvailable, appstreaming.ImageStatusInit, appstreaming.ImageStatusAvailable,
		appstreaming.ImageStatusCreateFailed, appstreaming.ImageStatusAvailable)
	created := time.Date(2025, 4, 25, 15, 13, 57, 0, time.UTC).Add(time.Duration(i) * 37 * time.Minute)
	features, categories := sampleFeatures(i)
	team := of(i, "design", "研发", "finance", "客服")
	systemDisk, dataDisk := 40+20*(i%4), 50*(1+i%5)

	return appstreaming.Image{
		ImageID:   fmt.Sprintf("imgc-06zyt9m93zwa%05d", i),
		ImageName: fmt.Sprintf("%s云镜像-DemoImage-%05d", of(i, "设计", "开发", "办公", "渲染"), i),
		ImageType: of(i/2, appstreaming.ImageTypeUser, appstreaming.ImageTypeUser, appstreaming.ImageTypeSystem,
			appstreaming.ImageTypeShared, appstreaming.ImageTypeCommunity),
		Status: status,
		Description: fmt.Sprintf("%s部门标准云应用镜像 #%d, built from the %s base image with drivers, fonts and the office suite.",
			team, i, system.platform),
		AliUID:   1426098341234567,
		BizType:  1,
		Created:  timestamp(created),
		Modified: timestamp(created.Add(time.Duration(1+i%90) * time.Hour)),

		VersionID:       version,
		VersionName:     fmt.Sprintf("v1.%d.%d", i%12, i%7),
		OnlineVersionID: version,
		LatestVersionID: version,
		OnlineVersion:   status == appstreaming.ImageStatusAvailable,

		ParentImageID:      fmt.Sprintf("imgc-parent-%04d", i/10),
		ParentImageVersion: fmt.Sprintf("iv-parent-%04d", i/10),
		BaseImageID:        "imgc-base-" + system.base,
		BaseImageVersion:   "iv-base-" + system.base,

		ProductType: of(i, appstreaming.ProductTypeCloudApp, appstreaming.ProductTypeCloudDesktop, appstreaming.ProductTypeWuyingServer),
		PackageType: of(i/4, appstreaming.PackageType("ECS"), "ECS", "Ecs_Container"),
		ProtocolType: of(i, appstreaming.ProtocolTypeASP, appstreaming.ProtocolTypeASP, appstreaming.ProtocolTypeASP,
			appstreaming.ProtocolTypeASP, appstreaming.ProtocolTypeHDX),
		SessionType:     of(i, appstreaming.SessionTypeMultiple, appstreaming.SessionTypeSingle),
		ImageCreateMode: of(i, appstreaming.ImageCreateMode("").Values()...),

		OSType:       system.osType,
		Platform:     strconv.Itoa(system.number),
		PlatformName: system.platform,
		Distro:       system.distro,
		Language: of(i/2, appstreaming.LanguageZhCN, appstreaming.LanguageEnUS, appstreaming.LanguageZhCN,
			appstreaming.LanguageJaJP, appstreaming.LanguageZhHK),
		SupportedLanguages: []appstreaming.Language{
			appstreaming.LanguageZhCN, of(i, appstreaming.LanguageEnUS, appstreaming.LanguageZhHK), appstreaming.LanguageJaJP,
		}[:2+i%2],

		SystemDiskSize:          systemDisk,
		DataDiskSize:            dataDisk,
		VolumeEncryptionEnabled: i%3 == 0,
		VolumeEncryptionKey:     fmt.Sprintf("a7b3c0c8-1234-4f0e-9d0a-%012d", i),

		ResourceInstanceCategory: categories,
		Features:                 features,
		Drivers:                  []string{"NVIDIA GRID 16.3", fmt.Sprintf(`["00be80de-5f4b-4a0c-8a53-%012d"]`, i)},
		Apps:                     sampleAppList(i),
		Tags: []appstreaming.Tag{
			{Key: "env", Value: of(i/2, "production", "staging", "test")},
			{Key: "team", Value: team},
			{Key: "成本中心", Value: fmt.Sprintf("CC-%d", 1024+i%8)},
		},

		ImageRegions:        sampleRegions(i),
		RegionDistributions: sampleDistributions(i, version, status),
		Snapshots: []appstreaming.DiskSnapshot{
			sampleSnapshot(2*i, version, "SYSTEM", systemDisk),
			sampleSnapshot(2*i+1, version, "DATA", dataDisk),
		},

		FOTAVersion:    fmt.Sprintf("2.%d.0-R-20250301.120000", 1+i%4),
		FOTAChannel:    of(i, "stable", "stable", "beta"),
		CompatibleMode: i%2 == 0,
		Scene:          of(i, "AIGC", "设计", "办公"),
		Rating:         60 + i%40,
		ImageIconURL:   fmt.Sprintf("https://img.alicdn.com/imgextra/i1/O1CN01abcdef%05dTestIcon_!!6000000000000-2-tps-96-96.png", i),
		EnvironmentID:  fmt.Sprintf("env-164c321f405ca84143e4b7%06d", i/20),
	}
}

func timestamp(t time.Time) appstreaming.Timestamp {
	return appstreaming.Timestamp(t.Format(time.DateTime))
}

func sampleFeatures(i int) (features []appstreaming.Feature, categories string) {
	switch i % 3 {
	case 0:
		return []appstreaming.Feature{appstreaming.FeatureGPU, appstreaming.FeatureFOTAChannel, appstreaming.FeatureMultiSession},
			`["eds.cpu.category","eds.graphics.category"]`
	case 1:
		return []appstreaming.Feature{appstreaming.FeatureBuilder, appstreaming.FeatureFOTAChannel}, `["eds.cpu.category"]`
	}
	return []appstreaming.Feature{appstreaming.FeatureGPU, appstreaming.FeatureBuilder}, `["eds.graphics.category"]`
}

func sampleAppList(i int) []appstreaming.App {
	apps := make([]appstreaming.App, 3+i%3)
	for j := range apps {
		apps[j] = appstreaming.App{
			AppID: fmt.Sprintf("ca-i87mycyn419n%05d%d", i, j),
			AppName: of(i+j, "Google Chrome", "AutoCAD 2024", "Microsoft Office 专业版", "Adobe Photoshop", "钉钉",
				"Blender 4.2", "企业微信"),
		}
	}
	return apps
}

func sampleRegions(i int) []string {
	all := [...]string{"cn-hangzhou", "cn-shanghai", "cn-shenzhen", "ap-southeast-1", "cn-beijing", "us-west-1"}
	regions := make([]string, 2+i%3)
	for j := range regions {
		regions[j] = all[(i+j)%len(all)]
	}
	return regions
}

func sampleDistributions(i int, version string, status appstreaming.ImageStatus) []appstreaming.RegionDistribution {
	progress := "100%"
	if status != appstreaming.ImageStatusAvailable {
		progress = strconv.Itoa(10+i%90) + "%"
	}
	var distributions []appstreaming.RegionDistribution
	for j, region := range sampleRegions(i) {
		distributions = append(distributions, appstreaming.RegionDistribution{
			ImageID: fmt.Sprintf("m-bp1g7004ksh0oeua%05d%d", i, j), RegionID: region, VersionID: version, Status: status, Progress: progress,
		})
	}
	return distributions
}

func sampleSnapshot(n int, version, diskType string, size int) appstreaming.DiskSnapshot {
	return appstreaming.DiskSnapshot{
		SnapshotID: fmt.Sprintf("s-bp67acfmxazb4p%06d", n), VersionID: version,
		DiskType: diskType, DiskSubType: of(n, "PL1", "PL0"), DiskCategory: "cloud_essd", BindType: "IMAGE", Size: size,
	}
}
