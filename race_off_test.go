//go:build !race

package appstreaming

const raceDetector = false
