package appstreaming_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
)

// direct is a transport that calls the service without a connection, which
// would take most of the time. It breaks where the service breaks off.
type direct struct{ service http.Handler }

func (d direct) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	received := req.Clone(ctx)
	received.RequestURI = req.URL.RequestURI()
	received.RemoteAddr = "direct"
	if received.Body == nil {
		received.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	whole := serve(d.service, recorder, received)
	if err := ctx.Err(); err != nil { // it hung until the attempt was over
		return nil, err
	}
	resp := recorder.Result()
	if !whole {
		if recorder.Body.Len() == 0 && !recorder.Flushed {
			return nil, io.ErrUnexpectedEOF
		}
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(recorder.Body.Bytes()), brokenOff{}))
	}
	return resp, nil
}

// serve reports whether the handler answered to the end.
func serve(handler http.Handler, w http.ResponseWriter, r *http.Request) (whole bool) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	handler.ServeHTTP(w, r)
	return true
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
