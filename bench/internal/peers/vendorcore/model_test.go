package vendorcore

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/alibabacloud-go/tea/dara"
	"github.com/google/go-cmp/cmp"
)

func TestModelLosesNothingOfAPage(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("../../../../testdata/conformance/pages/page-10.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatal(err)
	}
	model := &listImageResponse{}
	if err := dara.Convert(map[string]any{"body": want}, &model); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(again, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, withoutModels(got["body"])); diff != "" {
		t.Error(diff)
	}
}

// withoutModels drops what the embedded interface adds.
func withoutModels(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "Model")
		for _, member := range v {
			withoutModels(member)
		}
	case []any:
		for _, item := range v {
			withoutModels(item)
		}
	}
	return v
}
