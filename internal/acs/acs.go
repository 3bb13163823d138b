// Package acs holds the mechanics that both signatures of the platform share:
// flattened parameter lists, percent-encoding, the names of signed headers, and
// HMAC. It does not know any operation. The package above decides what is
// signed.
package acs
