package demo

import "strings"

// Nearest returns the value that was probably meant: one that differs in letter
// case and separators only, or else in at most two letters. It returns an empty
// text when there is none.
func Nearest(value string, values []string) string {
	best, distance := "", 3
	for _, candidate := range values {
		if d := edits(plain(value), plain(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

func plain(s string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
}

// edits returns the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
