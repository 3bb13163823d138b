package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wuying-go/appstreaming"
)

// names replaces text that identifies an account's resources, so that a report
// can be published. The same text always gets the same replacement.
type names struct {
	real bool // leave them
	seen map[string]string
}

func (n *names) replace(kind, text string) string {
	if n.real || text == "" {
		return clip(text)
	}
	if n.seen == nil {
		n.seen = map[string]string{}
	}
	if n.seen[text] == "" {
		n.seen[text] = fmt.Sprintf("%s-%d", kind, len(n.seen)+1)
	}
	return n.seen[text]
}

// identifying are the forms of identifiers that the service and STS put into
// their own texts: resource names, keys, images, accounts.
var identifying = []struct {
	kind string
	form *regexp.Regexp
}{
	{"resource", regexp.MustCompile(`acs:[a-z0-9-]+:[^\s"',;)]*`)},
	{"key", regexp.MustCompile(`\b(LTAI|STS\.|TMP\.)[0-9A-Za-z]{4,}`)},
	{"image", regexp.MustCompile(`\bimgc-[0-9A-Za-z]{4,}`)},
	{"account", regexp.MustCompile(`\b[0-9]{12,}\b`)},
}

// hide replaces names and identifiers in what the checks have seen. A service
// may put them anywhere: into a code, a header, or the name of an element.
func (n *names) hide(findings []finding, images []appstreaming.Image) {
	if n.real {
		return
	}
	known := map[string]string{}
	note := func(kind string, texts ...string) {
		for _, text := range texts {
			if utf8.RuneCountInString(text) > 3 { // shorter ones are parts of ordinary words
				known[text] = kind
			}
		}
	}
	for _, i := range images {
		note("name", i.ImageName, i.Description)
		note("image", i.ImageID, i.ParentImageID, i.BaseImageID)
		note("version", i.VersionID, i.OnlineVersionID, i.LatestVersionID)
		note("account", strconv.FormatInt(i.AliUID, 10))
		note("key", i.VolumeEncryptionKey)
		for _, tag := range i.Tags {
			note("tag", tag.Key, tag.Value)
		}
		for _, app := range i.Apps {
			note("app", app.AppID, app.AppName)
		}
		for _, d := range i.RegionDistributions {
			note("image", d.ImageID)
		}
		for _, s := range i.Snapshots {
			note("snapshot", s.SnapshotID)
		}
	}
	texts := make([]string, 0, len(known))
	for text := range known {
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) // parts of others last
	for i := range findings {
		seen := findings[i].Seen
		for _, text := range texts {
			if strings.Contains(seen, text) {
				seen = replaceName(seen, text, n.replace(known[text], text))
			}
		}
		for _, id := range identifying {
			seen = id.form.ReplaceAllStringFunc(seen, func(text string) string { return n.replace(id.kind, text) })
		}
		findings[i].Seen = seen
	}
}

// longWord is the length from which a name is hardly a part of another word.
const longWord = 8

// replaceName replaces a name in a text. It leaves a short word that is a part of
// a longer one: a tag's value test says nothing in LatestVersionId.
func replaceName(text, name, replacement string) string {
	if utf8.RuneCountInString(name) >= longWord || strings.ContainsFunc(name, isBoundary) {
		return strings.ReplaceAll(text, name, replacement)
	}
	var b strings.Builder
	for rest := text; ; {
		i := strings.Index(rest, name)
		if i < 0 {
			return b.String() + rest
		}
		end := i + len(name)
		before, _ := utf8.DecodeLastRuneInString(text[:len(text)-len(rest)+i])
		after, _ := utf8.DecodeRuneInString(rest[end:])
		b.WriteString(rest[:i])
		if isBoundary(before) && isBoundary(after) {
			b.WriteString(replacement)
		} else {
			b.WriteString(name)
		}
		rest = rest[end:]
	}
}

func isBoundary(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }
