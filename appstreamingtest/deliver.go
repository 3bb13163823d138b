package appstreamingtest

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// deliver sends a response, as the fault allows.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, a *answer, f *Fault, compress bool) {
	if !s.sleep(r.Context(), max(f.Delay, 0)) {
		abort()
	}
	switch f.Break {
	case BreakReset:
		cut(w, true)
		return
	case BreakClose:
		cut(w, false)
		return
	case BreakGarbage:
		talkGarbage(w)
		return
	case BreakSwitch:
		s.switchProtocols(w)
		return
	case BreakHang:
		s.sleep(r.Context(), -1)
		abort()
	}

	body := s.newBody(a.body, f.Padding, compress || f.Gzip)
	if compress || f.Gzip {
		a.header.Set("Content-Encoding", "gzip")
	}
	send := body.size
	switch f.Break {
	case BreakTruncate, BreakShort, BreakResetBody, BreakHangBody:
		send = cutAt(body.size, f.After)
	}
	chunked := f.Chunked && f.Break != BreakIdle // BreakIdle needs a length
	if !chunked {
		length := body.size
		if f.Break == BreakTruncate {
			length = send
		}
		if _, set := a.header["Content-Length"]; !set && bodyAllowed(a.status) {
			a.header.Set("Content-Length", strconv.FormatInt(length, 10))
		}
	}
	header := w.Header()
	maps.Copy(header, a.header)
	w.WriteHeader(a.status)
	if chunked {
		flush(w) // without it, net/http sends the length of a short body
	}
	if err := s.write(r.Context(), w, body, send, f); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
		abort()
	}
	s.finish(w, r, f)
}

var errClientGone = errors.New("the client has gone")

// finish ends a response that a fault breaks.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, f *Fault) {
	switch f.Break {
	case BreakShort:
		flush(w)
		abort()
	case BreakResetBody:
		flush(w)
		cut(w, true)
	case BreakHangBody:
		flush(w)
		s.sleep(r.Context(), -1)
		abort()
	case BreakIdle:
		flush(w)
		cut(w, false)
	}
}

func cutAt(size, after int64) int64 {
	switch {
	case after == 0:
		return size / 2
	case after < 0:
		return 0
	}
	return min(after, size)
}

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() } // without it the break comes earlier

// cut ends the connection, by a TCP reset where it can.
func cut(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort()
	}
	for c := conn; reset && c != nil; c = inner(c) {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
			_ = tcp.Close()
		}
	}
	_ = conn.Close()
}

// switchProtocols sends status 101 and stays silent until one side closes the
// connection.
func (s *Server) switchProtocols(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort()
	}
	_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: silence\r\n\r\n"))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	select {
	case <-gone:
	case <-s.done:
	}
	_ = conn.Close()
	<-gone
}

func talkGarbage(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort()
	}
	_, _ = conn.Write([]byte(garbage))
	_ = conn.Close()
}

// write sends the first limit bytes of the body.
func (s *Server) write(ctx context.Context, w http.ResponseWriter, body *body, limit int64, f *Fault) error {
	var pause time.Duration // none before the first drop
	for chunk := range body.chunks() {
		chunk = chunk[:min(int64(len(chunk)), limit)]
		limit -= int64(len(chunk))
		if len(chunk) == 0 {
			break
		}
		if f.DripBytes <= 0 {
			if _, err := w.Write(chunk); err != nil {
				return err
			}
			continue
		}
		for drop := range slices.Chunk(chunk, f.DripBytes) {
			if !s.sleep(ctx, pause) {
				return errClientGone
			}
			pause = max(f.DripEvery, 0)
			if _, err := w.Write(drop); err != nil {
				return err
			}
			flush(w)
		}
	}
	return nil
}
