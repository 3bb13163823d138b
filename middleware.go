package appstreaming

import (
	"context"
	"errors"
	"slices"
)

// Handler makes one ListImage call, with all its attempts.
type Handler func(context.Context, ListImageRequest) (*ListImageResponse, error)

// WithMiddleware wraps every [Client.ListImage] call in a function of the
// caller, for tracing, metrics, logs or tests. This includes the calls of
// pagers, snapshots and waits. Default: none.
//
// WithMiddleware can be given several times. The first middleware is the
// outermost. Options of a client come before options of a call. The client calls
// f once for each ListImage call, so f must be safe for concurrent use if calls
// are concurrent.
//
// The next handler validates the request, so a middleware also sees calls that
// fail with a [*ParamError]. It may change the request, the context, the
// response and the error. ListImage returns the middleware's error as it is. A
// panic in a middleware reaches the caller.
//
// Do not cache responses in a middleware: snapshots, waits and listings repeat
// requests to see changes.
func WithMiddleware(f func(next Handler) Handler) Option {
	return func(c *config) error {
		if f == nil {
			return &OptionError{Option: "WithMiddleware", Reason: "the function must not be nil"}
		}
		c.middleware = append(slices.Clip(c.middleware), f)
		return nil
	}
}

// handle passes a call through the middleware to the handler.
func (c *config) handle(ctx context.Context, req ListImageRequest, handler Handler) (*ListImageResponse, error) {
	if len(c.middleware) == 0 {
		return handler(ctx, req)
	}
	for _, f := range slices.Backward(c.middleware) {
		if handler = f(handler); handler == nil {
			return nil, &OptionError{Option: "WithMiddleware", Reason: "the function must not return a nil Handler"}
		}
	}
	page, err := handler(ctx, req)
	if page == nil && err == nil {
		return nil, errors.New("appstreaming: a middleware returned neither a response nor an error")
	}
	return page, err
}
