package appstreaming

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimestampsAreReadInTheZoneGiven(t *testing.T) {
	t.Parallel()
	shanghai := time.FixedZone("CST", 8*60*60)
	tests := map[Timestamp]struct {
		zone *time.Location
		want time.Time
		ok   bool
	}{
		"2025-04-25 15:13:57":   {shanghai, time.Date(2025, 4, 25, 15, 13, 57, 0, shanghai), true},
		"2025-04-25 15:13:57\n": {nil, time.Date(2025, 4, 25, 15, 13, 57, 0, time.UTC), true},
		"":                      {time.UTC, time.Time{}, false},
		"2025-04-25T15:13:57Z":  {time.UTC, time.Time{}, false},
	}
	for text, test := range tests {
		got, err := text.In(test.zone)
		if !got.Equal(test.want) || (err == nil) != test.ok {
			t.Errorf("%q is %v, %v; want %v", text, got, err, test.want)
		}
	}
}

func TestJSONInsideStringsIsDecoded(t *testing.T) {
	t.Parallel()
	image := Image{
		ResourceInstanceCategory: `["eds.cpu.category","eds.graphics.category"]`,
		Drivers:                  []string{`["00be80de-1","00be80de-2"]`, "NVIDIA GRID 16.3"},
	}
	categories, err := image.ResourceCategories()
	if diff := cmp.Diff([]string{"eds.cpu.category", "eds.graphics.category"}, categories); diff != "" || err != nil {
		t.Errorf("%v, categories (-want +got):\n%s", err, diff)
	}
	drivers, err := image.DriverIDs()
	if diff := cmp.Diff([]string{"00be80de-1", "00be80de-2", "NVIDIA GRID 16.3"}, drivers); diff != "" || err != nil {
		t.Errorf("%v, drivers (-want +got):\n%s", err, diff)
	}
	if none, err := (Image{}).ResourceCategories(); none != nil || err != nil {
		t.Errorf("empty text gives %v, %v", none, err)
	}
	if _, err := (Image{ResourceInstanceCategory: "eds.cpu"}).ResourceCategories(); err == nil {
		t.Error("text that is not JSON gives no error")
	}
	if _, err := (Image{Drivers: []string{"[1"}}).DriverIDs(); err == nil {
		t.Error("a broken item gives no error")
	}
}

func TestProgressIsANumberToo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want float64
		ok   bool
	}{"70%": {70, true}, " 99.5 % ": {99.5, true}, "0%": {0, true}, "100%": {100, true}, "": {0, false}, "70": {0, false}, "NaN%": {0, false}, "101%": {0, false}, "-1%": {0, false}}
	for text, test := range tests {
		if got, ok := (RegionDistribution{Progress: text}).ProgressPercent(); got != test.want || ok != test.ok {
			t.Errorf("%q is %v, %v; want %v, %v", text, got, ok, test.want, test.ok)
		}
	}
}

func TestEnumerationsListTheirDocumentedValues(t *testing.T) {
	t.Parallel()
	counts := map[string]int{
		"ImageStatus": len(ImageStatusInit.Values()), "ImageType": len(ImageTypeUser.Values()), "PackageType": len(PackageTypeECS.Values()),
		"OSType": len(OSTypeLinux.Values()), "ProductType": len(ProductTypeCloudApp.Values()), "ProtocolType": len(ProtocolTypeASP.Values()),
		"Language": len(LanguageEnUS.Values()), "PlatformName": len(PlatformNameUbuntu.Values()), "SessionType": len(SessionTypeSingle.Values()),
		"ImageCreateMode": len(ImageCreateModeInstanceAuto.Values()),
	}
	want := map[string]int{
		"ImageStatus": 4, "ImageType": 4, "PackageType": 2, "OSType": 4, "ProductType": 3, "ProtocolType": 2,
		"Language": 4, "PlatformName": 7, "SessionType": 2, "ImageCreateMode": 4,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}
