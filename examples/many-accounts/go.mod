module github.com/wuying-go/appstreaming/examples/many-accounts

go 1.25

replace github.com/wuying-go/appstreaming => ../..

require (
	github.com/google/go-cmp v0.7.0
	github.com/wuying-go/appstreaming v0.0.0-00010101000000-000000000000
	golang.org/x/time v0.14.0
)

require (
	github.com/alibabacloud-go/debug v1.0.1 // indirect
	github.com/alibabacloud-go/tea v1.5.4 // indirect
	github.com/aliyun/credentials-go v1.4.14 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	github.com/json-iterator/go v1.1.12 // indirect
	github.com/modern-go/concurrent v0.0.0-20180228061459-e0a39a4cb421 // indirect
	github.com/modern-go/reflect2 v1.0.2 // indirect
	golang.org/x/net v0.50.0 // indirect
	gopkg.in/ini.v1 v1.67.3 // indirect
)
