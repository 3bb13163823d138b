package appstreamingtest

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pair is a parameter as sent, decoded.
type pair struct{ name, value string }

// parsePairs parses a query string or form. A name without "=" has an empty
// value.
func parsePairs(text string) ([]pair, error) {
	var pairs []pair
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{name, value})
	}
	return pairs, nil
}

// canonicalPairs sorts pairs by name, then value, percent-encodes both sides
// and joins them.
func canonicalPairs(pairs []pair) string {
	sorted := slices.Clone(pairs)
	slices.SortFunc(sorted, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	var b strings.Builder
	for i, p := range sorted {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(p.name))
		b.WriteByte('=')
		b.WriteString(escape(p.value))
	}
	return b.String()
}

// escape percent-encodes everything except the unreserved characters of RFC 3986.
func escape(text string) string {
	// QueryEscape keeps the unreserved characters and writes a space as "+". A
	// plus sign becomes %2B.
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// isProtocolParam reports whether a parameter belongs to the RPC protocol and not
// to the operation. ACS3 requests have no parameters of these names.
func isProtocolParam(name string) bool {
	switch name {
	case "AccessKeyId", "Action", "BearerToken", "Format", "SecurityToken", "Signature", "SignatureMethod",
		"SignatureNonce", "SignatureType", "SignatureVersion", "Timestamp", "Version":
		return true
	}
	return false
}

// items returns the items of a list parameter (name.1, name.2 and so on) in the
// order of their numbers, which may have gaps. suffix follows the number, for
// example ".Key". Empty items are left out.
func (x *exchange) items(name, suffix string) []pair {
	type item struct {
		n int
		pair
	}
	var found []item
	for full, value := range x.params {
		rest, ok := strings.CutPrefix(full, name+".")
		if !ok {
			continue
		}
		rest, ok = strings.CutSuffix(rest, suffix)
		n, good := listIndex(rest)
		if ok && good && value != "" {
			found = append(found, item{n, pair{strconv.Itoa(n), value}})
		}
	}
	slices.SortFunc(found, func(a, b item) int { return cmp.Compare(a.n, b.n) })
	pairs := make([]pair, len(found))
	for i := range found {
		pairs[i] = found[i].pair
	}
	return pairs
}

// listIndex parses the number of a list's item, from 1, without leading zeros.
func listIndex(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && strconv.Itoa(n) == text
}
