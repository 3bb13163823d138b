// Package appstreaming lists the cloud desktop and cloud app images of Alibaba
// Cloud App Streaming (WUYING): a client for the operation ListImage of product
// appstream-center, version 2021-09-01.
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
// A [Client] is safe for concurrent use; make one and keep it. Everything that
// can be set is an [Option], given to [New], to [Client.With] or to a single
// call. Bad options and requests are errors before anything is sent.
//
// # Paging
//
// [Client.Images] ranges over images, [Client.Pages] over pages, and a [Pager]
// returns one page after another and can be resumed at any page. All of them ask
// for 100 images a page, the largest size that the service allows, unless
// PageSize is set. With [WithPrefetch], pages ahead are fetched concurrently and
// delivered in order. Each range starts a new listing. Breaking out of a loop
// cancels requests in flight.
//
// A listing is complete or an error. The service pages by number, and images
// move to other pages when images are created or deleted. Images notices such a
// change by Count and asks for the earlier pages again. It cannot notice changes
// that cancel out in Count: [Client.Snapshot] lists until two passes agree. When
// pages that Count promises stay empty, the listing ends with [ErrIncomplete].
//
// [Client.GetImage] and [Client.GetImageByName] return one image,
// [Client.WaitForImage] waits until an image can be used.
//
// # Errors
//
// Match a refusal by its code or the code's family, and take its fields:
//
//	switch apiErr := (*appstreaming.APIError)(nil); {
//	case errors.Is(err, appstreaming.ErrNotAuthorized): // Forbidden.NoPermission, for example
//		// grant the RAM action appstreaming:ListImage
//	case errors.As(err, &apiErr):
//		log.Print(apiErr.Code, apiErr.RequestID)
//	}
//
// The types are [APIError] (the service refused), [TransportError] (no complete
// response), [DecodeError] (a response that makes no sense), [CredentialsError],
// [ParamError] and [OptionError] (found before sending). When ctx ends, the
// error matches both ctx.Err() and what the last attempt failed with.
//
// # Retries
//
// ListImage only reads, so failures that may pass are retried: up to four
// attempts, each signed afresh, with random waits on an exponential bound, as
// [RetryPolicy] and [DefaultRetryable] say. The service's own wishes
// (x-acs-retry-after, Retry-After, x-ratelimit-user-api) are obeyed up to
// MaxDelay. A clock that is off is corrected from the response's Date. Retries
// of a client share a budget, so that a broken service is not asked many times
// over. No wait outlasts ctx.
//
// # Credentials
//
// By default they come from the sources of the standard chain of
// github.com/aliyun/credentials-go: environment variables, OIDC, the CLI's
// profile, the profile file, ECS metadata, the credentials URI. [WithProfile]
// takes them from a named profile of the CLI. To use other credentials, pass
// [WithCredentials]: [StaticCredentials], any credential of credentials-go by
// [FromCredential], or a [CredentialsFunc] of your own, asked before every
// attempt.
//
// # Observing
//
// [WithLogger] writes a line for every attempt, [WithObserver] hands every
// [Attempt] to a function, for metrics and traces.
//
// # Testing
//
// Package appstreamingtest has a service double: real HTTP on loopback,
// signatures verified, inventory and faults of your making. Code that takes an
// [ImageLister] can be given a stub as well; [Images] and [Pages] page over it.
//
// # Secrets
//
// No error, log line, or printed or marshalled value of this package holds a
// secret, a token, a signature or a signed URL's query. The one exception says
// so: [Client.SignedURL].
//
// # More
//
// The repository has a page on [errors] (every code, and what a caller sees of
// every fault), [assumptions] about the service, [design], [performance] and
// [migrating] from the vendor's SDK.
//
// # Stability
//
// Until version 1 the API may change with a minor version; the changelog says
// how. The enumerations are open: a value or a response element the service
// adds is kept, in [Image.Extra] at the least. The two newest Go releases are
// supported.
//
// [errors]: https://github.com/wuying-go/appstreaming/blob/main/docs/errors.md
// [assumptions]: https://github.com/wuying-go/appstreaming/blob/main/docs/assumptions.md
// [design]: https://github.com/wuying-go/appstreaming/blob/main/docs/design.md
// [performance]: https://github.com/wuying-go/appstreaming/blob/main/docs/performance.md
// [migrating]: https://github.com/wuying-go/appstreaming/blob/main/docs/migrating.md
package appstreaming
