package appstreaming

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The list at decodePage, one by one.
func TestEncodingJSONDiffersWhereItIsMeantTo(t *testing.T) {
	t.Parallel()
	type plain struct {
		RequestID string `json:"RequestId"`
		Count     int
		Data      []struct{ FeatureList []string }
	}
	for _, row := range []struct {
		name, body string
		theirs     string // what encoding/json makes of it, as JSON; empty: an error
		ours       string // the same of decodePage
	}{
		{"names in another case", `{"Requestid":"r"}`,
			`{"RequestId":"r","Count":0,"Data":null}`, `{"RequestID":"","Count":0,"Extra":{"Requestid":"r"}}`},
		{"invalid UTF-8", "{\"RequestId\":\"\xff\"}",
			`{"RequestId":"�","Count":0,"Data":null}`, ``},
		{"half a surrogate pair is replaced by both", `{"RequestId":"\ud83d"}`,
			`{"RequestId":"�","Count":0,"Data":null}`, `{"RequestID":"�","Count":0,"Extra":null}`},
		{"null", `null`,
			`{"RequestId":"","Count":0,"Data":null}`, ``},
		{"values of another type", `{"RequestId":5,"Count":"x"}`,
			``, `{"RequestID":"5","Count":0,"Extra":{"Count":"x"}}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var value plain
			var theirs, ours []byte
			if json.Unmarshal([]byte(row.body), &value) == nil {
				theirs, _ = json.Marshal(value)
			}
			if page, _, err := decodePage([]byte(row.body)); err == nil {
				ours, _ = json.Marshal(struct {
					RequestID string
					Count     int
					Extra     map[string]json.RawMessage
				}{page.RequestID, page.Count, page.Extra})
			}
			if diff := cmp.Diff([]string{row.theirs, row.ours}, []string{string(theirs), string(ours)}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("a list given twice is replaced", func(t *testing.T) {
		t.Parallel()
		const body = `{"Data":[{"FeatureList":["a"]}],"Data":[{}]}`
		var value plain
		if err := json.Unmarshal([]byte(body), &value); err != nil || len(value.Data[0].FeatureList) != 1 {
			t.Errorf("encoding/json: %v, %v; want it to keep what was there before", value, err)
		}
		if page, _ := mustDecode(t, body); len(page.Images[0].Features) != 0 {
			t.Errorf("features %v, want none", page.Images[0].Features)
		}
	})
}
