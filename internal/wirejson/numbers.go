package wirejson

// Number reads a number and returns its literal.
func (s *Scanner) Number() (literal []byte) {
	text, i := s.text, s.pos
	if i < len(text) && text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++ // no digit may follow
	} else if i = s.digits(i); i < 0 {
		return nil
	}
	if i < len(text) && text[i] == '.' {
		if i = s.digits(i + 1); i < 0 {
			return nil
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if i = s.digits(i); i < 0 {
			return nil
		}
	}
	literal = text[s.pos:i]
	s.pos = i
	return literal
}

// digits skips one or more digits. Without any it fails and returns -1.
func (s *Scanner) digits(i int) int {
	from := i
	for i < len(s.text) && '0' <= s.text[i] && s.text[i] <= '9' {
		i++
	}
	if i == from {
		s.fail(i, s.found(i)+" instead of a digit")
		return -1
	}
	return i
}

// IsNumber reports whether text is a number in the notation of JSON.
func IsNumber(text string) bool {
	var s Scanner
	s.Reset([]byte(text))
	s.Number()
	return s.err == nil && s.pos == len(text)
}

// parseInteger returns the value of a literal that is an integer in JSON's
// notation and fits 64 bits.
func parseInteger(literal []byte) (value int64, ok bool) {
	digits := literal
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	var n uint64 // 19 digits fit
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	switch {
	case negative && n <= 1<<63:
		return -int64(n), true // 1<<63 wraps to itself
	case !negative && n < 1<<63:
		return int64(n), true
	}
	return 0, false
}
