package acs

import (
	"crypto/fips140"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
)

// HMACSHA256 returns the HMAC-SHA256 of message in lower-case hexadecimal. In
// FIPS 140-only mode it returns an error for keys shorter than 14 bytes.
func HMACSHA256(key string, message []byte) (string, error) {
	sum, ok := sumHMAC(sha256.New, []byte(key), message)
	if !ok {
		return "", errors.New("FIPS 140-only mode does not allow HMAC keys shorter than 14 bytes")
	}
	return Hex(sum), nil
}

// HMACSHA1 returns the HMAC-SHA1 of message in base64. In FIPS 140-only mode it
// returns an error.
func HMACSHA1(key string, message []byte) (string, error) {
	sum, ok := sumHMAC(sha1.New, []byte(key), message)
	if !ok {
		return "", errors.New("FIPS 140-only mode does not allow HMAC-SHA1")
	}
	return base64.StdEncoding.EncodeToString(sum), nil
}

func sumHMAC(of func() hash.Hash, key, message []byte) (sum []byte, ok bool) {
	if fips140.Enabled() && !isAllowed(of, key) {
		return nil, false
	}
	mac := hmac.New(of, key)
	mac.Write(message)
	return mac.Sum(message)[len(message):], true // in the room after message, if there is any
}

// isAllowed reports whether hmac.New accepts the hash and the key. In FIPS
// 140-only mode hmac.New panics if it does not. hkdf.Extract has the same rules
// and returns an error.
func isAllowed(of func() hash.Hash, key []byte) bool {
	_, err := hkdf.Extract(of, key, nil)
	return err == nil
}
