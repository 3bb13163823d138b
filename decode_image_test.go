package appstreaming

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// imageRows are members of one image and what becomes of them.
var imageRows = []struct {
	name, members string
	want          Image
}{
	{"platform as text", `"Platform":"Windows"`, Image{Platform: "Windows"}},
	{"platform as integer", `"Platform":2`, Image{Platform: "2"}},
	{"platform as zero", `"Platform":0`, Image{Platform: "0"}},
	{"platform as fraction", `"Platform":2.5`, Image{Platform: "2.5"}},
	{"number for text", `"ImageName":5`, Image{ImageName: "5"}},
	{"number for text is kept as written", `"ImageName":-1.50E+3`, Image{ImageName: "-1.50E+3"}},
	{"boolean for text", `"ImageName":true,"Status":false`, Image{ImageName: "true", Status: "false"}},
	{"null for text", `"ImageName":null,"Status":null,"VersionId":null`, Image{}},
	{"object for text", `"ImageName":{ "a" : 1 }`, Image{Extra: extra{"ImageName": []byte(`{ "a" : 1 }`)}}},
	{"array for text", `"Status":["x"],"VersionId":[]`, Image{Extra: extra{"Status": []byte(`["x"]`), "VersionId": []byte(`[]`)}}},
	{"empty text", `"ImageName":"","Status":""`, Image{}},
	{"escapes in text", `"ImageName":"a\u00e9\n\"\ud83d\ude00","Status":"AVAIL\u0041BLE"`, Image{ImageName: "aé\n\"😀", Status: ImageStatusAvailable}},
	{"unknown enumeration value", `"Status":"DELETE","PackageType":"Vhd"`, Image{Status: "DELETE", PackageType: "Vhd"}},

	{"2^53+1", `"AliUid":9007199254740993`, Image{AliUID: 9007199254740993}},
	{"integers as text", `"AliUid":"-9223372036854775808","Rating":"95","BizType":"\u0031"`, Image{AliUID: -9223372036854775808, Rating: 95, BizType: 1}},
	{"minus zero", `"Rating":-0`, Image{}},
	{"null for integer and boolean", `"Rating":null,"BizType":null,"OnlineVersion":null`, Image{}},
	{"fraction for integer", `"Rating":2.5`, Image{Extra: extra{"Rating": []byte(`2.5`)}}},
	{"exponent for integer", `"Rating":1e3`, Image{Extra: extra{"Rating": []byte(`1e3`)}}},
	{"too large for int32", `"BizType":2147483648`, Image{Extra: extra{"BizType": []byte(`2147483648`)}}},
	{"too large for int64", `"AliUid":9223372036854775808`, Image{Extra: extra{"AliUid": []byte(`9223372036854775808`)}}},
	{"text that is no integer", `"Rating":"abc","AliUid":"","BizType":" 1","DataDiskSize":"01"`, Image{Extra: extra{
		"Rating": []byte(`"abc"`), "AliUid": []byte(`""`), "BizType": []byte(`" 1"`), "DataDiskSize": []byte(`"01"`)}}},
	{"boolean and object for integer", `"Rating":true,"BizType":{}`, Image{Extra: extra{"Rating": []byte(`true`), "BizType": []byte(`{}`)}}},

	{"booleans in other clothes", `"OnlineVersion":"TRUE","CompatibleMode":1,"VolumeEncryptionEnabled":"1"`, Image{OnlineVersion: true, CompatibleMode: true, VolumeEncryptionEnabled: true}},
	{"false in other clothes", `"OnlineVersion":"False","CompatibleMode":0,"VolumeEncryptionEnabled":"\u0030"`, Image{}},
	{"no booleans", `"OnlineVersion":2,"CompatibleMode":"yes","VolumeEncryptionEnabled":1.0`, Image{Extra: extra{
		"OnlineVersion": []byte(`2`), "CompatibleMode": []byte(`"yes"`), "VolumeEncryptionEnabled": []byte(`1.0`)}}},
	{"a letter that only folds to one of false", `"OnlineVersion":"falſe"`, Image{Extra: extra{"OnlineVersion": []byte(`"falſe"`)}}},

	{"null for lists", `"FeatureList":null,"AppList":null,"SnapshotList":null`, Image{}},
	{"empty lists", `"FeatureList":[],"AppList":[ ],"SnapshotList":[],"SupportedLanguageList":[]`,
		Image{Features: []Feature{}, Apps: []App{}, Snapshots: []DiskSnapshot{}, SupportedLanguages: []Language{}}},
	{"no list", `"FeatureList":"GPU","AppList":{},"SnapshotList":5`, Image{Extra: extra{
		"FeatureList": []byte(`"GPU"`), "AppList": []byte(`{}`), "SnapshotList": []byte(`5`)}}},
	{"numbers and booleans in a list of text", `"FeatureList":["GPU",5,true]`, Image{Features: []Feature{"GPU", "5", "true"}}},
	{"misfits in a list of text", `"FeatureList":["GPU",null,{},["x"],"y"],"SupportedLanguageList":[null]`, Image{
		Features: []Feature{"GPU", "", "", "", "y"}, SupportedLanguages: []Language{""},
		Extra: extra{"FeatureList": []byte(`["GPU",null,{},["x"],"y"]`), "SupportedLanguageList": []byte(`[null]`)}}},
	{"unknown member in an item", `"AppList":[{"AppId":"a","AppVersion":"2"},{"AppId":"b"}]`, Image{
		Apps:  []App{{AppID: "a"}, {AppID: "b"}},
		Extra: extra{"AppList": []byte(`[{"AppId":"a","AppVersion":"2"},{"AppId":"b"}]`)}}},
	{"misfit in an item", `"SnapshotList":[{"SnapshotId":"s","Size":"big"}],"ImageRegionDistributeList":[{"RegionId":{},"Progress":70}]`, Image{
		Snapshots: []DiskSnapshot{{SnapshotID: "s"}}, RegionDistributions: []RegionDistribution{{Progress: "70"}},
		Extra: extra{"SnapshotList": []byte(`[{"SnapshotId":"s","Size":"big"}]`), "ImageRegionDistributeList": []byte(`[{"RegionId":{},"Progress":70}]`)}}},
	{"items that are no objects", `"TagList":[null,"x",{"Key":"k"}]`, Image{
		Tags: []Tag{{}, {}, {Key: "k"}}, Extra: extra{"TagList": []byte(`[null,"x",{"Key":"k"}]`)}}},

	{"unknown members", `"NewMember":{"a":[1, 2]},"":null`, Image{Extra: extra{"NewMember": []byte(`{"a":[1, 2]}`), "": []byte(`null`)}}},
	{"names in the wrong case", `"imageid":"x","IMAGEID":"y","ImageId":"z"`, Image{ImageID: "z", Extra: extra{"imageid": []byte(`"x"`), "IMAGEID": []byte(`"y"`)}}},
	{"names with escapes", `"Image\u0049d":"x","\u0041ppList":[{"\u0041ppId":"a"}],"n\u0065w":1`, Image{
		ImageID: "x", Apps: []App{{AppID: "a"}}, Extra: extra{"new": []byte(`1`)}}},

	{"text twice", `"ImageName":"a","ImageName":"b"`, Image{ImageName: "b"}},
	{"text, then null", `"ImageName":"a","ImageName":null`, Image{}},
	{"text, then a known word", `"Status":"x","Status":"INIT"`, Image{Status: ImageStatusInit}},
	{"text, then a misfit", `"ImageName":"a","ImageName":{}`, Image{Extra: extra{"ImageName": []byte(`{}`)}}},
	{"boolean, then null, then a misfit", `"OnlineVersion":true,"OnlineVersion":null,"CompatibleMode":true,"CompatibleMode":{}`, Image{Extra: extra{"CompatibleMode": []byte(`{}`)}}},
	{"misfit, then text", `"ImageName":{},"ImageName":"a"`, Image{ImageName: "a"}},
	{"integer, then a misfit, then null", `"Rating":1,"Rating":"x","Rating":null`, Image{}},
	{"unknown member twice", `"New":1,"New":2`, Image{Extra: extra{"New": []byte(`2`)}}},
	{"list twice", `"FeatureList":["a","b"],"ImageName":"n","FeatureList":["c"]`, Image{ImageName: "n", Features: []Feature{"c"}}},
	{"list twice, the later one with less in it", `"AppList":[{"AppId":"a","AppName":"x"}],"AppList":[{"AppId":"b"}],"FeatureList":["a"],"FeatureList":["GPU"]`,
		Image{Apps: []App{{AppID: "b"}}, Features: []Feature{"GPU"}}},
	{"list, then null", `"FeatureList":["a"],"FeatureList":null,"AppList":[{"AppId":"a"}],"AppList":[]`, Image{Apps: []App{}}},
	{"list, then a misfit", `"AppList":[{"AppId":"a"}],"AppList":7`, Image{Extra: extra{"AppList": []byte(`7`)}}},
	{"misfitting list, then one that fits", `"AppList":[{"AppId":{}}],"AppList":[{"AppId":"a"}]`, Image{Apps: []App{{AppID: "a"}}}},
	{"misfit, then text in an item", `"AppList":[{"AppId":{},"AppId":"a","AppName":"x","AppName":"y"}]`, Image{Apps: []App{{AppID: "a", AppName: "y"}}}},
	{"as many languages as are documented", `"SupportedLanguageList":["a","b","c","d"],"TagList":[{"Key":"k"}]`, Image{
		SupportedLanguages: []Language{"a", "b", "c", "d"}, Tags: []Tag{{Key: "k"}}}},
	{"one more", `"SupportedLanguageList":["a","b","c","d","e"],"TagList":[{"Key":"k"}]`, Image{
		SupportedLanguages: []Language{"a", "b", "c", "d", "e"}, Tags: []Tag{{Key: "k"}}}},
	{"many tags", `"SupportedLanguageList":["a"],"TagList":[{"Key":"a"},{"Key":"b"},{"Key":"c"},{"Key":"d"},{"Key":"e"}]`, Image{
		SupportedLanguages: []Language{"a"}, Tags: []Tag{{Key: "a"}, {Key: "b"}, {Key: "c"}, {Key: "d"}, {Key: "e"}}}},
	{"a version that looks like another's escape", `"VersionId":"\\u0062","OnlineVersionId":"\u0062"`, Image{VersionID: `\u0062`, OnlineVersionID: "b"}},
	{"versions alike and unlike", `"VersionId":"a","OnlineVersionId":"a","LatestVersionId":"b","SnapshotList":[{"VersionId":"b"},{"VersionId":"\u0062"}]`, Image{
		VersionID: "a", OnlineVersionID: "a", LatestVersionID: "b", Snapshots: []DiskSnapshot{{VersionID: "b"}, {VersionID: "b"}}}},
}

func TestMembersOfAnImage(t *testing.T) {
	t.Parallel()
	for _, row := range imageRows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			page, _ := mustDecode(t, `{"Data":[{`+row.members+`}]}`)
			if diff := cmp.Diff([]Image{row.want}, page.Images); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestListsOfAnImageDoNotRunIntoEachOther(t *testing.T) {
	t.Parallel()
	body := readPage(t, "page-10.json")
	want, _ := mustDecode(t, string(body))
	got, _ := mustDecode(t, string(body))
	for i := range got.Images {
		image := reflect.ValueOf(&got.Images[i]).Elem()
		for f := range image.NumField() {
			if list := image.Field(f); list.Kind() == reflect.Slice {
				if list.Len() == 0 || list.Cap() != list.Len() {
					t.Errorf("%s: length %d, capacity %d", image.Type().Field(f).Name, list.Len(), list.Cap())
				}
				list.Set(reflect.AppendSlice(list, list).Slice(0, list.Len())) // must write elsewhere
				list.Index(0).SetZero()                                        // in the copy
			}
		}
	}
	again, _ := mustDecode(t, string(body))
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("decoded differently after an earlier result was changed: (-want +got)\n%s", diff)
	}
}
