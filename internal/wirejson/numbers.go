package wirejson

// Number reads a number and returns its literal.
func (s *Scanner) Number() (literal []byte) {
	text, i, ok := s.text, s.pos, true
	if i < len(text) && text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++ // no digit may follow
	} else if i, ok = s.digits(i); !ok {
		return nil
	}
	if i < len(text) && text[i] == '.' {
		if i, ok = s.digits(i + 1); !ok {
			return nil
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if i, ok = s.digits(i); !ok {
			return nil
		}
	}
	literal = text[s.pos:i]
	s.pos = i
	return literal
}

// digits returns the end of the digits at offset i. It fails if there are none.
func (s *Scanner) digits(i int) (end int, ok bool) {
	from := i
	for i < len(s.text) && '0' <= s.text[i] && s.text[i] <= '9' {
		i++
	}
	if i == from {
		s.fail(i, s.found(i)+" instead of a digit")
		return i, false
	}
	return i, true
}

// IsNumber reports whether text is a number in the notation of JSON.
func IsNumber(text string) bool {
	var s Scanner
	s.Reset([]byte(text))
	s.Number()
	return s.err == nil && s.pos == len(text)
}

// parseInteger returns the value of a literal that is an integer in JSON's
// notation and fits 64 bits. If ok is false, the value means nothing.
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
	if negative {
		return -int64(n), n <= 1<<63 // 1<<63 wraps to itself
	}
	return int64(n), n < 1<<63
}
