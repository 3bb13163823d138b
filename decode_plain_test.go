package appstreaming

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// plainPage decodes as decodePage does, in the plainest way there is: by
// encoding/json, into maps. It is what decodePage is held to.
func plainPage(body []byte) (ListImageResponse, success, error) {
	if !utf8.Valid(body) {
		return ListImageResponse{}, 0, errors.New("not UTF-8") // the first intended difference
	}
	members, err := plainMembers(body)
	if err != nil {
		return ListImageResponse{}, 0, err
	}
	var page ListImageResponse
	succeeded := successAbsent
	for _, m := range members {
		fits := true
		switch m.name {
		case "RequestId":
			page.RequestID, fits = plainText(m.value)
		case "Code":
			page.Code, fits = plainText(m.value)
		case "Message":
			page.Message, fits = plainText(m.value)
		case "PageNumber":
			page.PageNumber, fits = plainInteger[int](m.value)
		case "PageSize":
			page.PageSize, fits = plainInteger[int](m.value)
		case "Count":
			page.Count, fits = plainInteger[int](m.value)
		case "Success":
			succeeded = successAbsent
			var value bool
			if value, fits = plainBool(m.value); fits && string(m.value) != "null" {
				succeeded = successFalse
				if value {
					succeeded = successTrue
				}
			}
		case "Data":
			var items []json.RawMessage
			if err := json.Unmarshal(m.value, &items); err != nil {
				return ListImageResponse{}, 0, err
			}
			page.Images = nil
			if items != nil {
				page.Images = make([]Image, len(items))
			}
			for i, item := range items {
				if page.Images[i], err = plainImage(item); err != nil {
					return ListImageResponse{}, 0, err
				}
			}
		default:
			fits = false
		}
		page.Extra = plainExtra(page.Extra, m, fits)
	}
	return page, succeeded, nil
}

type plainMember struct {
	name  string
	value json.RawMessage
}

// plainMembers lists an object's members in order, doubles included.
func plainMembers(text []byte) ([]plainMember, error) {
	if !json.Valid(text) {
		return nil, errors.New("not JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	var members []plainMember
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := plainMember{name: name.(string)}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

func plainExtra(extra map[string]json.RawMessage, m plainMember, fits bool) map[string]json.RawMessage {
	if fits {
		delete(extra, m.name)
		if len(extra) == 0 {
			return nil
		}
		return extra
	}
	if extra == nil {
		extra = map[string]json.RawMessage{}
	}
	extra[m.name] = m.value
	return extra
}

func plainText(value json.RawMessage) (string, bool) {
	switch value[0] {
	case '"':
		var text string
		err := json.Unmarshal(value, &text)
		return text, err == nil
	case '{', '[':
		return "", false
	case 'n':
		return "", true
	}
	return string(value), true
}

func plainInteger[T int | int32 | int64](value json.RawMessage) (T, bool) {
	if string(value) == "null" {
		return 0, true
	}
	literal, isText := plainText(value)
	if !isText || value[0] == 't' || value[0] == 'f' || literal == "" || strings.HasPrefix(literal, "+") {
		return 0, false
	}
	if digits := strings.TrimPrefix(literal, "-"); len(digits) > 1 && digits[0] == '0' || strings.Contains(literal, "_") {
		return 0, false
	}
	n, err := strconv.ParseInt(literal, 10, 64)
	if err != nil || int64(T(n)) != n {
		return 0, false
	}
	return T(n), true
}

func plainBool(value json.RawMessage) (truth, fits bool) {
	text, isText := plainText(value)
	if string(value) == "null" {
		return false, true
	}
	switch strings.ToLower(text) {
	case "true", "1":
		return isText, isText
	case "false", "0":
		return false, isText
	}
	return false, false
}

func plainList[T any](value json.RawMessage, read func(json.RawMessage) (T, bool)) ([]T, bool) {
	var items []json.RawMessage
	if value[0] != '[' && value[0] != 'n' || json.Unmarshal(value, &items) != nil {
		return nil, false
	}
	if items == nil {
		return nil, true
	}
	list, all := make([]T, len(items)), true
	for i, item := range items {
		var fits bool
		list[i], fits = read(item)
		all = all && fits
	}
	return list, all
}

func plainItem[T ~string](value json.RawMessage) (T, bool) {
	text, fits := plainText(value)
	return T(text), fits && string(value) != "null"
}

// plainObject reads an item of a list of objects by its text members and, where
// there is one, its number.
func plainObject[T any](texts map[string]func(*T, string), numbers map[string]func(*T, int)) func(json.RawMessage) (T, bool) {
	return func(value json.RawMessage) (item T, all bool) {
		members, err := plainMembers(value)
		if err != nil {
			return item, false
		}
		all = true
		for _, m := range members {
			if set := texts[m.name]; set != nil {
				text, fits := plainText(m.value)
				set(&item, text)
				all = all && fits
			} else if set := numbers[m.name]; set != nil {
				number, fits := plainInteger[int](m.value)
				set(&item, number)
				all = all && fits
			} else {
				all = false
			}
		}
		return item, all
	}
}

var (
	plainApp = plainObject(map[string]func(*App, string){
		"AppId": func(a *App, s string) { a.AppID = s }, "AppName": func(a *App, s string) { a.AppName = s },
	}, nil)
	plainTag = plainObject(map[string]func(*Tag, string){
		"Key": func(t *Tag, s string) { t.Key = s }, "Value": func(t *Tag, s string) { t.Value = s },
	}, nil)
	plainDistribution = plainObject(map[string]func(*RegionDistribution, string){
		"ImageId": func(r *RegionDistribution, s string) { r.ImageID = s }, "RegionId": func(r *RegionDistribution, s string) { r.RegionID = s },
		"VersionId": func(r *RegionDistribution, s string) { r.VersionID = s }, "Status": func(r *RegionDistribution, s string) { r.Status = ImageStatus(s) },
		"Progress": func(r *RegionDistribution, s string) { r.Progress = s },
	}, nil)
	plainSnapshot = plainObject(map[string]func(*DiskSnapshot, string){
		"SnapshotId": func(d *DiskSnapshot, s string) { d.SnapshotID = s }, "VersionId": func(d *DiskSnapshot, s string) { d.VersionID = s },
		"DiskType": func(d *DiskSnapshot, s string) { d.DiskType = s }, "DiskSubType": func(d *DiskSnapshot, s string) { d.DiskSubType = s },
		"DiskCategory": func(d *DiskSnapshot, s string) { d.DiskCategory = s }, "BindType": func(d *DiskSnapshot, s string) { d.BindType = s },
	}, map[string]func(*DiskSnapshot, int){"Size": func(d *DiskSnapshot, n int) { d.Size = n }})
)

func plainImage(text []byte) (Image, error) {
	members, err := plainMembers(text)
	if err != nil {
		return Image{}, err
	}
	var i Image
	set := func(dst *string) func(json.RawMessage) bool {
		return func(v json.RawMessage) (fits bool) { *dst, fits = plainText(v); return fits }
	}
	number := func(dst *int) func(json.RawMessage) bool {
		return func(v json.RawMessage) (fits bool) { *dst, fits = plainInteger[int](v); return fits }
	}
	truth := func(dst *bool) func(json.RawMessage) bool {
		return func(v json.RawMessage) (fits bool) { *dst, fits = plainBool(v); return fits }
	}
	texts := func(dst *[]string) func(json.RawMessage) bool {
		return func(v json.RawMessage) (fits bool) { *dst, fits = plainList(v, plainItem[string]); return fits }
	}
	fields := map[string]func(json.RawMessage) bool{
		"ImageId": set(&i.ImageID), "ImageName": set(&i.ImageName), "ImageType": set((*string)(&i.ImageType)), "Status": set((*string)(&i.Status)),
		"Description": set(&i.Description), "GmtCreate": set((*string)(&i.Created)), "GmtModified": set((*string)(&i.Modified)),
		"VersionId": set(&i.VersionID), "VersionName": set(&i.VersionName), "OnlineVersionId": set(&i.OnlineVersionID), "LatestVersionId": set(&i.LatestVersionID),
		"ParentImageId": set(&i.ParentImageID), "ParentImageVersion": set(&i.ParentImageVersion), "BaseImageId": set(&i.BaseImageID), "BaseImageVersion": set(&i.BaseImageVersion),
		"ProductType": set((*string)(&i.ProductType)), "PackageType": set((*string)(&i.PackageType)), "ProtocolType": set((*string)(&i.ProtocolType)),
		"SessionType": set((*string)(&i.SessionType)), "ImageCreateMode": set((*string)(&i.ImageCreateMode)), "OsType": set((*string)(&i.OSType)),
		"Platform": set(&i.Platform), "PlatformName": set((*string)(&i.PlatformName)), "Distro": set(&i.Distro), "Language": set((*string)(&i.Language)),
		"VolumeEncryptionKey": set(&i.VolumeEncryptionKey), "ResourceInstanceCategory": set(&i.ResourceInstanceCategory), "FotaVersion": set(&i.FOTAVersion),
		"FotaChannel": set(&i.FOTAChannel), "Scene": set(&i.Scene), "ImageIconUrl": set(&i.ImageIconURL), "EnvironmentId": set(&i.EnvironmentID),
		"SystemDiskSize": number(&i.SystemDiskSize), "DataDiskSize": number(&i.DataDiskSize), "Rating": number(&i.Rating),
		"AliUid":        func(v json.RawMessage) (fits bool) { i.AliUID, fits = plainInteger[int64](v); return fits },
		"BizType":       func(v json.RawMessage) (fits bool) { i.BizType, fits = plainInteger[int32](v); return fits },
		"OnlineVersion": truth(&i.OnlineVersion), "VolumeEncryptionEnabled": truth(&i.VolumeEncryptionEnabled), "CompatibleMode": truth(&i.CompatibleMode),
		"FeatureList": texts(&i.Features), "DriverList": texts(&i.Drivers), "ImageRegionList": texts(&i.ImageRegions),
		"SupportedLanguageList": func(v json.RawMessage) (fits bool) {
			i.SupportedLanguages, fits = plainList(v, plainItem[Language])
			return fits
		},
		"AppList": func(v json.RawMessage) (fits bool) { i.Apps, fits = plainList(v, plainApp); return fits },
		"TagList": func(v json.RawMessage) (fits bool) { i.Tags, fits = plainList(v, plainTag); return fits },
		"ImageRegionDistributeList": func(v json.RawMessage) (fits bool) {
			i.RegionDistributions, fits = plainList(v, plainDistribution)
			return fits
		},
		"SnapshotList": func(v json.RawMessage) (fits bool) { i.Snapshots, fits = plainList(v, plainSnapshot); return fits },
	}
	for _, m := range members {
		read := fields[m.name]
		i.Extra = plainExtra(i.Extra, m, read != nil && read(m.value))
	}
	return i, nil
}
