package appstreaming

import "crypto/sha256"

// hmacSHA256 is HMAC-SHA256 of RFC 2104. crypto/hmac gives the same with six
// allocations, which are more than all else in signing; here everything stays
// on the stack. A fuzz test holds it to crypto/hmac.
func hmacSHA256(key string, message []byte) [sha256.Size]byte {
	var block [sha256.BlockSize]byte
	if len(key) > len(block) {
		short := sha256.Sum256([]byte(key))
		copy(block[:], short[:])
	} else {
		copy(block[:], key)
	}

	var room [512]byte
	inner := append(room[:0], block[:]...)
	for i := range inner {
		inner[i] ^= 0x36
	}
	digest := sha256.Sum256(append(inner, message...))

	var outer [sha256.BlockSize + sha256.Size]byte
	for i, b := range block {
		outer[i] = b ^ 0x5c
	}
	copy(outer[sha256.BlockSize:], digest[:])
	return sha256.Sum256(outer[:])
}
