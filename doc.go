// Package appstreaming lists the cloud desktop and cloud app images of Alibaba
// Cloud App Streaming (WUYING). It is a client for the operation ListImage of
// product appstream-center, version 2021-09-01.
//
// # Quick start
//
//	client, err := appstreaming.New("cn-shanghai") // credentials: the standard Alibaba Cloud chain
//	if err != nil {
//		return err
//	}
//	for image, err := range client.Images(ctx, appstreaming.ListImageRequest{Status: appstreaming.ImageStatusAvailable}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(image.ImageID, image.ImageName)
//	}
//
// A [Client] is safe for concurrent use. Create one and keep it. Pass an
// [Option] to [New], to [Client.With] or to a single call. An invalid option or
// request returns an error before anything is sent.
//
// # Paging
//
// [Client.Images] ranges over images and [Client.Pages] over pages. A [Pager]
// returns one page after another and can resume at any page. All of them
// request 100 images a page, the largest size that the service allows, unless
// PageSize is set. With [WithPrefetch], they fetch pages ahead concurrently and
// deliver them in order. Each range starts a new listing. Breaking out of a loop
// cancels requests in flight.
//
// A listing is complete or ends with an error. The service pages by number, and
// images move to other pages when images are created or deleted. Images detects
// such a change by Count and requests the earlier pages again. It cannot detect
// changes that cancel out in Count. [Client.Snapshot] can: it lists until two
// passes agree. When pages that Count promises stay empty, the listing ends with
// [ErrIncomplete].
//
// [Client.GetImage] and [Client.GetImageByName] return one image.
// [Client.WaitForImage] waits until an image is available.
//
// # Errors
//
// Match a refusal by its class, such as [ErrThrottled], [ErrNotAuthorized] or
// [ErrBadCredentials], or by its [Code] or the code's family. Take its fields
// with [errors.As]:
//
//	switch apiErr := (*appstreaming.APIError)(nil); {
//	case errors.Is(err, appstreaming.ErrNotAuthorized): // Forbidden.NoPermission, for example
//		// grant the RAM action appstreaming:ListImage
//	case errors.As(err, &apiErr):
//		log.Print(apiErr.Code, apiErr.RequestID)
//	}
//
// The types are [APIError] (the service refused), [TransportError] (no complete
// response), [DecodeError] (an invalid response), [CredentialsError], and
// [ParamError] and [OptionError] (found before anything is sent). When ctx ends,
// the error matches ctx.Err(), its cause and the failure of the last attempt.
//
// # Retries and pacing
//
// ListImage only reads, so temporary failures are retried. A call makes up to
// four attempts, each with a new signature. The waits between them are random,
// and their limit doubles each time. [RetryPolicy] sets the limits, and
// [DefaultRetryable] decides which failures are temporary. The client honors
// delays requested by the service (x-acs-retry-after, Retry-After,
// x-ratelimit-user-api), up to MaxDelay. It corrects a wrong clock from the
// response's Date. The retries of a client share a budget, so a broken service
// does not receive several times its usual load. No wait outlasts ctx.
//
// When the service throttles, the client begins to pace: its attempts leave one
// after another, at the rate that the service has shown to allow. A page of a
// listing waits for its turn until the service has throttled for a minute
// without serving a page of the listing, so throttling slows a listing down but
// does not end it. See [WithPacing] and RetryPolicy.ThrottlePatience.
//
// # Credentials
//
// By default, credentials come from the sources of the standard chain of
// github.com/aliyun/credentials-go: environment variables, OIDC, the CLI's
// profile, the profile file, ECS metadata and the credentials URI. [WithProfile]
// selects a profile of the CLI. To use other credentials, pass
// [WithCredentials]. It accepts [StaticCredentials], any credential of
// credentials-go by [FromCredential], or a [CredentialsFunc] of your own. The
// client asks for credentials before every attempt.
//
// # Signatures
//
// [SignatureACS3] is the default and sends the signature in a header.
// [SignatureRPC] sends everything in the query string; [WithSignature] selects
// it. [Client.SignedURL] returns a request as one URL.
//
// # Hooks
//
// [WithMiddleware] wraps every ListImage call, with all its attempts. This
// includes the calls of pagers, snapshots and waits. [WithObserver] calls a
// function after every [Attempt], and [WithLogger] writes a log line for it.
// [WithRateLimit] delays attempts.
//
// # Testing
//
// Package appstreamingtest has a service double: a server on loopback that
// speaks real HTTP, verifies signatures, and has the inventory and the faults
// that a test sets. Code that takes an [ImageLister] also works with a stub.
// [Images], [Pages], [NewPager], [TakeSnapshot] and [WaitForImages] accept one.
//
// # Secrets
//
// No error, log line, or printed or marshalled value of this package contains a
// secret, a token, a signature or a signed URL's query. The only exception is
// the result of [Client.SignedURL].
//
// # More
//
// The repository has a page on [errors] (every code, and what a caller sees of
// every fault), [assumptions] about the service, [design], [performance] and
// [migrating] from the vendor's SDK. Its program examples/doctor checks
// credentials, connection, permissions and the assumptions against the real
// service.
//
// # Stability
//
// Until version 1 the API may change with a minor version. The changelog lists
// the changes. Enumerations are open: the client keeps values and elements that
// this version does not know, at least in [Image.Extra]. The two newest Go
// releases are supported.
//
// [errors]: https://github.com/wuying-go/appstreaming/blob/main/docs/errors.md
// [assumptions]: https://github.com/wuying-go/appstreaming/blob/main/docs/assumptions.md
// [design]: https://github.com/wuying-go/appstreaming/blob/main/docs/design.md
// [performance]: https://github.com/wuying-go/appstreaming/blob/main/docs/performance.md
// [migrating]: https://github.com/wuying-go/appstreaming/blob/main/docs/migrating.md
package appstreaming
