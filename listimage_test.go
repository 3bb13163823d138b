package appstreaming

import "testing"

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
