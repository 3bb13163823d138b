package appstreaming

import "encoding/json"

// success is what the member Success says.
type success int

const (
	successAbsent success = iota
	successTrue
	successFalse
)

// decodePage reads a page. The caller has checked the status.
func decodePage(body []byte) (ListImageResponse, success, *DecodeError) {
	var p struct {
		ListImageResponse
		Success *bool
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return ListImageResponse{}, 0, &DecodeError{Reason: err.Error()}
	}
	s := successAbsent
	if p.Success != nil {
		s = successFalse
		if *p.Success {
			s = successTrue
		}
	}
	return p.ListImageResponse, s, nil
}
