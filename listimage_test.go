package appstreaming

import (
	"reflect"
	"testing"
)

func TestARequestDescribesItselfForLogs(t *testing.T) {
	t.Parallel()
	for want, req := range map[string]ListImageRequest{
		"ListImage()": {},
		`ListImage(BizType=0 ImageName="a \"b\" \x00" OsType=Windows PageSize=50 PlatformNameList.1="Windows 11" TagList.1.Key=团队)`: {
			BizType: Ptr(int32(0)), ImageName: "a \"b\" \x00", OSType: OSTypeWindows, PageSize: 50,
			PlatformNames: []PlatformName{PlatformNameWindows11}, Tags: []Tag{{Key: "团队"}},
		},
	} {
		if got := req.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestEveryFieldOfARequestIsSent(t *testing.T) {
	t.Parallel()
	fields := reflect.TypeFor[ListImageRequest]()
	if fields.NumField() != 22 {
		t.Errorf("%d fields, want one for each of the 22 parameters", fields.NumField())
	}
	for i := range fields.NumField() {
		var req ListImageRequest
		field := reflect.ValueOf(&req).Elem().Field(i)
		switch field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Int:
			field.SetInt(1)
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		case reflect.Slice:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
			switch item := field.Index(0); item.Kind() {
			case reflect.String:
				item.SetString("x")
			case reflect.Struct:
				item.Field(0).SetString("x")
			}
		default:
			t.Fatalf("%s is a %v, which this test cannot set", fields.Field(i).Name, field.Kind())
		}
		if params := req.appendParams(nil); len(params) != 1 {
			t.Errorf("%s is sent as %v, want one parameter", fields.Field(i).Name, params)
		}
	}
}
