package appstreaming

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// timestampLayout is how the service writes times: no zone is given, and none
// is documented.
const timestampLayout = "2006-01-02 15:04:05"

// Timestamp is a point in time as the service wrote it, "2025-04-25 15:13:57".
// Its zone is not documented, so that the text is kept and [Timestamp.In] takes
// the zone from the caller.
type Timestamp string

// In reads the timestamp as a wall-clock time in loc; surrounding white space
// is ignored. A nil loc means UTC. Text of another layout is an error.
func (t Timestamp) In(loc *time.Location) (time.Time, error) {
	if loc == nil {
		loc = time.UTC
	}
	parsed, err := time.ParseInLocation(timestampLayout, strings.TrimSpace(string(t)), loc)
	if err != nil {
		return time.Time{}, fmt.Errorf("appstreaming: timestamp %q is not of the form %q: %w", string(t), timestampLayout, err)
	}
	return parsed, nil
}

// ResourceCategories decodes ResourceInstanceCategory, a string that holds a
// JSON array of strings. Empty text gives nil.
func (i Image) ResourceCategories() ([]string, error) {
	return decodeJSONText("ResourceInstanceCategory", i.ResourceInstanceCategory)
}

// DriverIDs flattens Drivers: an item that is itself the text of a JSON array
// of strings is decoded, any other item stands for itself.
func (i Image) DriverIDs() ([]string, error) {
	var ids []string
	for n, item := range i.Drivers {
		if !strings.HasPrefix(strings.TrimSpace(item), "[") {
			ids = append(ids, item)
			continue
		}
		decoded, err := decodeJSONText("DriverList["+strconv.Itoa(n)+"]", item)
		if err != nil {
			return nil, err
		}
		ids = append(ids, decoded...)
	}
	return ids, nil
}

func decodeJSONText(member, text string) ([]string, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var items []string
	if err := json.Unmarshal([]byte(text), &items); err != nil {
		return nil, fmt.Errorf("appstreaming: %s %q is not the text of a JSON array of strings: %w", member, text, err)
	}
	return items, nil
}

// ProgressPercent reads Progress, text such as "70%", as a number from 0 to
// 100. It reports false for text of another form.
func (d RegionDistribution) ProgressPercent() (float64, bool) {
	number, found := strings.CutSuffix(strings.TrimSpace(d.Progress), "%")
	if !found {
		return 0, false
	}
	percent, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(percent >= 0 && percent <= 100) {
		return 0, false
	}
	return percent, true
}
