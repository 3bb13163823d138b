// Package appstreamingtest is a service double for package appstreaming: an HTTP
// service that behaves like App Streaming's ListImage. Tests use it, and programs
// in any language can be tried with it, without an account.
//
//	func TestListing(t *testing.T) {
//		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(237)...)
//		service.Fail(2, appstreamingtest.Fault{Code: appstreaming.CodeThrottling})
//		for image, err := range service.Client().Images(t.Context(), appstreaming.ListImageRequest{}) {
//			...
//		}
//	}
//
// [NewServer] and [NewTLSServer] are for tests, [Start] and [StartTLS] for
// programs. [New] makes a server that does not listen: an [http.Handler] for
// another server, or a server that [Server.Client] and [Server.HTTPClient] reach
// through memory, which also works inside a testing/synctest bubble.
//
// # Verification
//
// Every request must carry an ACS3-HMAC-SHA256 signature, an RPC signature with
// HMAC-SHA1, or a bearer token. The server computes the signature from the
// request alone, with code that it does not share with the client. With the
// product's codes it refuses:
//
//   - unsigned requests, and a wrong signature or body hash;
//   - a header that must be signed and is not;
//   - a date more than 15 minutes off, and a nonce used before, of which it
//     remembers at least the latest 250,000;
//   - a key or token that is unknown, disabled or expired;
//   - another action or version;
//   - malformed or repeated parameters, and lists of more than 100 items.
//
// A bearer token replaces the signature, so parameters are not protected. In an
// ACS3 request with a bearer token, only the hash protects the body.
//
// The server knows the keys [AccessKeyID], [STSAccessKeyID] and [BearerToken],
// and those that [Server.AddCredentials] adds.
//
// # Selection of images
//
// An image must match all conditions of a request. A parameter with an empty
// value is no condition, and neither is an unknown parameter. Where the
// product's documentation leaves the meaning open, this package decides:
//
//   - ImageName and Distro match a part of the text, case sensitively.
//     PackageType ignores case. Other texts must be equal.
//   - Without Status, images with status DELETE or DELETED are left out.
//   - BizType may be 1, or a value that an image has. Anything else is
//     InvalidBizType. Without it, images of all values are listed, because the
//     documented default 1 would hide images that leave it unset.
//   - ProductTypeList, PlatformNameList, BizTypeList: the image has one of the
//     values.
//   - FeatureList and TagList: the image has all of them. A tag without Value
//     matches any value.
//   - BizRegionIdList: the image is deployed to all of the regions, according to
//     ImageRegionList or ImageRegionDistributeList.
//   - LanguageType: the image's Language, or one of its SupportedLanguageList.
//   - ResourceInstanceType: instance types with "graphics" in their name need
//     eds.graphics.category in ResourceInstanceCategory, others
//     eds.cpu.category. An image without categories matches all of them.
//
// PageNumber is 1 by default. PageSize is 10 by default and at most 100. Invalid
// numbers are InvalidParameter.PageNumber and InvalidParameter.PageSize. A page
// past the end is empty. Count is the number of selected images on all pages.
//
// # Failures
//
// [Server.Fail] alters responses as a [Fault] specifies: errors of the service,
// other statuses and bodies, delays, broken connections. [Server.GoSilent]
// silences the open connections. [Server.SetListing] changes how the server
// lists, and [Server.SetHabit] makes it list as one of seventeen kinds of
// services do. [Server.SetLatency], [Server.SetRateLimit] and [Server.SetClock]
// simulate latency, throttling and clock skew. [Server.Requests] returns what the
// server was asked. RPC requests that do not ask for JSON are answered in XML, as
// the product does.
//
// If a function given to the server panics, a server made by [NewServer] or
// [NewTLSServer] reports it to the test.
package appstreamingtest
