// Package appstreamingtest is a service double for package appstreaming: a real
// HTTP service that behaves as App Streaming's ListImage does, for tests and
// for trying programs, in any language, without an account.
//
//	func TestListing(t *testing.T) {
//		service := appstreamingtest.NewServer(t, appstreamingtest.SampleImages(237)...)
//		service.Fail(2, appstreamingtest.Fault{Code: appstreaming.CodeThrottling})
//		for image, err := range service.Client().Images(t.Context(), appstreaming.ListImageRequest{}) {
//			...
//		}
//	}
//
// [NewServer] is for tests, [Start] for programs, and [New] makes a server that
// does not listen: an [http.Handler] for another server, or, through
// [Server.Client] and [Server.HTTPClient], one reached through memory, which
// also works inside a testing/synctest bubble.
//
// # What is verified
//
// Every request must be signed, with ACS3-HMAC-SHA256 or in the RPC way with
// HMAC-SHA1, or show a bearer token. The server works out the signature from
// the request alone, with code that shares nothing with the client's, and
// refuses with the product's codes what is out of order: a wrong signature or
// body hash, a header that must be signed and is not, a date more than 15
// minutes off, a nonce used before, a key or token that is not known, disabled
// or expired, another action or version, malformed or repeated parameters. With
// a bearer token nothing protects the parameters, and the hash alone the body of
// an ACS3 request.
//
// Keys are the constants [AccessKeyID], [STSAccessKeyID] and [BearerToken], and
// what [Server.AddCredentials] adds.
//
// # How images are selected
//
// All conditions of a request must hold; a parameter with an empty value is no
// condition, and neither is one the server does not know. Where the product's
// documentation leaves the meaning open, this package has made it up:
//
//   - ImageName and Distro match a part of the text, letter case included;
//     PackageType matches whatever the case; other texts match exactly.
//   - Without Status, images are left out whose status is DELETE or DELETED.
//   - BizType may be 1, or what an image has; anything else is InvalidBizType.
//     Without it images of all values are listed, as the documented default 1
//     would hide images that leave it unset.
//   - ProductTypeList, PlatformNameList, BizTypeList: the image's value is one of
//     them.
//   - FeatureList: the image has all of them. TagList: the image carries all of
//     them; a tag without Value stands for any value.
//   - BizRegionIdList: the image is deployed to all of them, by ImageRegionList
//     or ImageRegionDistributeList.
//   - LanguageType: the image's Language, or one of its SupportedLanguageList.
//   - ResourceInstanceType: instance types with "graphics" in their name need
//     eds.graphics.category in ResourceInstanceCategory, others
//     eds.cpu.category; an image without categories fits all.
//
// PageNumber is 1 and PageSize 10 by default, and 100 is the largest PageSize;
// other numbers are InvalidParameter.PageNumber and InvalidParameter.PageSize. A
// page past the end is empty. Count tells the images of the selection over all
// pages.
//
// # What can go wrong
//
// [Server.Fail] makes calls fail as a [Fault] says: errors of the service, odd
// statuses and bodies, delays, broken connections. [Server.SetListing] bends how
// it lists. [Server.SetLatency], [Server.SetRateLimit] and [Server.SetClock]
// make it far away, busy, and out of step. [Server.Requests] tells what was
// asked. RPC requests that do not ask for JSON are answered in XML, as the
// product does.
package appstreamingtest
