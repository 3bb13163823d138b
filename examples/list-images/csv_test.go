package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wuying-go/appstreaming"
)

func TestCSVHasAColumnForEveryElement(t *testing.T) {
	t.Parallel()
	want, got := map[string]bool{}, map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[appstreaming.Image]()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "-" {
			want[name] = true
		}
	}
	for _, c := range columns {
		got[c.name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != len(columns) {
		t.Errorf("%d columns (-want +got):\n%s", len(columns), diff)
	}
}
