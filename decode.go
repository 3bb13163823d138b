package appstreaming

import (
	"bytes"
	"encoding/json"

	"github.com/wuying-go/appstreaming/internal/jsonscan"
)

// This file is the response's schema: for every kind of object, which member
// goes to which field. How values are read is in decode_values.go, how JSON is
// read in internal/jsonscan.
//
// The rules, beside the documentation of [ListImageResponse] and [Image]:
//
//   - null gives the zero value. Otherwise text takes strings, numbers and
//     booleans as written; integers take integer literals in range, booleans
//     true, false, 1 and 0, and both the same as a string ("true" in any case).
//   - A value that does not fit, and a member that is unknown, go to Extra as
//     received. A list goes there when any of its items does not fit wholly;
//     the field then has what could be read.
//   - Of a member given twice the last one counts, whatever the first was.
//   - Data has to be null or an array of objects.
//
// Syntax is that of encoding/json, nesting limit of 10000 included, and a test
// and a fuzz target hold this decoder to a plain one made with it. What differs
// from encoding/json on purpose:
//
//   - Names are matched exactly, not in any letter case: a name in another case
//     is an unknown member, lest it hide the right one.
//   - Invalid UTF-8 is an error, not replaced: nothing in the result is
//     something the service did not send. Half a surrogate pair, \ud83d, has no
//     form in UTF-8 and is replaced as encoding/json does.
//   - A body of null is an error, not an empty page.
//   - Values of another type are read or kept in Extra, as above, not errors.
//   - A list is replaced, not merged, when its member is given twice.

// success is what a body says in its member Success.
type success uint8

const (
	successAbsent success = iota // no such member, null, or not a boolean
	successTrue
	successFalse
)

// decodePage reads the body of a response with status 2xx. It copies what it
// keeps. A body that reports a failure is read too: whether it does, is for the
// caller to tell from ok and page.Code, which are set as far as they were read
// even when there is an err. Of err, Path, Offset and Reason are set.
func decodePage(body []byte) (page ListImageResponse, ok success, err *DecodeError) {
	d := newDecoder(body)
	defer d.release()
	if d.outermost(body) {
		ok = d.readPage()
	}
	return d.page, ok, d.failure(body)
}

// decodeImage reads one image.
func decodeImage(text []byte) (Image, *DecodeError) {
	d := newDecoder(text)
	defer d.release()
	var image *Image
	if d.outermost(text) {
		image = d.newImage()
		d.readImage(image)
		d.End()
	}
	if err := d.failure(text); err != nil {
		return Image{}, err
	}
	return *image, nil
}

// outermost reports whether the text holds an object. If it does not, the
// decoder has failed.
func (d *decoder) outermost(text []byte) bool {
	switch kind := d.Peek(); {
	case kind == jsonscan.Object:
		return true
	case kind != jsonscan.Missing:
		d.misfit(d.Offset(), kind.String()+" instead of an object")
	case d.Offset() == len(text):
		d.misfit(0, "empty body")
	case bytes.HasPrefix(text, []byte("\ufeff")):
		d.misfit(0, "byte order mark before the JSON value")
	default:
		d.Skip() // fails
	}
	return false
}

func (d *decoder) readPage() (ok success) {
	page := &d.page
	for more := d.Object(); more; more = d.NextMember() {
		name, value := d.Name(), d.Offset()
		fits := false
		switch string(name) {
		case "RequestId":
			fits = d.text(&page.RequestID)
		case "Code":
			fits = d.word(&page.Code)
		case "Message":
			fits = d.word(&page.Message)
		case "Success":
			ok, fits = d.success()
		case "PageNumber":
			fits = integer(d, &page.PageNumber)
		case "PageSize":
			fits = integer(d, &page.PageSize)
		case "Count":
			fits = integer(d, &page.Count)
		case "Data":
			d.readData()
			fits = true
		}
		d.settle(&page.Extra, name, value, fits)
	}
	d.End()
	d.store()
	if d.Err() == nil && d.unfit == nil {
		page.Images = d.takeImages()
	}
	return ok
}

func (d *decoder) success() (ok success, fits bool) {
	if d.Peek() == jsonscan.Null {
		d.Null()
		return successAbsent, true
	}
	var value bool
	switch fits = d.boolean(&value); {
	case !fits:
		return successAbsent, false
	case value:
		return successTrue, true
	}
	return successFalse, true
}

// readData reads the images into d.images. What else Data may be is remembered
// as a misfit, and reading goes on: Data may be given again, and members that
// follow are of use in an error.
func (d *decoder) readData() {
	d.store() // lest the page's own text becomes part of the first image's
	d.dropImages()
	switch kind := d.Peek(); kind {
	case jsonscan.Array:
		d.images.given = true
		for more := d.Array(); more; more = d.NextItem() {
			if kind := d.Peek(); kind != jsonscan.Object {
				d.misfit(d.Offset(), kind.String()+" instead of an object")
				d.Skip()
				continue
			}
			d.readImage(d.newImage())
		}
	case jsonscan.Null:
		d.Null()
	default:
		d.misfit(d.Offset(), kind.String()+" instead of an array")
		d.Skip()
	}
}

func (d *decoder) readImage(image *Image) {
	for more := d.Object(); more; more = d.NextMember() {
		name, value := d.Name(), d.Offset()
		fits := false
		switch string(name) {
		case "ImageId":
			fits = d.text(&image.ImageID)
		case "ImageName":
			fits = d.text(&image.ImageName)
		case "ImageType":
			fits = d.word((*string)(&image.ImageType))
		case "Status":
			fits = d.word((*string)(&image.Status))
		case "Description":
			fits = d.text(&image.Description)
		case "AliUid":
			fits = integer(d, &image.AliUID)
		case "BizType":
			fits = integer(d, &image.BizType)
		case "GmtCreate":
			fits = d.text((*string)(&image.Created))
		case "GmtModified":
			fits = d.text((*string)(&image.Modified))

		case "VersionId":
			fits = d.version(&image.VersionID)
		case "VersionName":
			fits = d.text(&image.VersionName)
		case "OnlineVersionId":
			fits = d.version(&image.OnlineVersionID)
		case "LatestVersionId":
			fits = d.version(&image.LatestVersionID)
		case "OnlineVersion":
			fits = d.boolean(&image.OnlineVersion)
		case "ParentImageId":
			fits = d.text(&image.ParentImageID)
		case "ParentImageVersion":
			fits = d.text(&image.ParentImageVersion)
		case "BaseImageId":
			fits = d.text(&image.BaseImageID)
		case "BaseImageVersion":
			fits = d.text(&image.BaseImageVersion)

		case "ProductType":
			fits = d.word((*string)(&image.ProductType))
		case "PackageType":
			fits = d.word((*string)(&image.PackageType))
		case "ProtocolType":
			fits = d.word((*string)(&image.ProtocolType))
		case "SessionType":
			fits = d.word((*string)(&image.SessionType))
		case "ImageCreateMode":
			fits = d.word((*string)(&image.ImageCreateMode))

		case "OsType":
			fits = d.word((*string)(&image.OSType))
		case "Platform":
			fits = d.word(&image.Platform)
		case "PlatformName":
			fits = d.word((*string)(&image.PlatformName))
		case "Distro":
			fits = d.text(&image.Distro)
		case "Language":
			fits = d.word((*string)(&image.Language))
		case "SupportedLanguageList":
			fits = readList(d, &d.languages, (*decoder).readLanguage)

		case "SystemDiskSize":
			fits = integer(d, &image.SystemDiskSize)
		case "DataDiskSize":
			fits = integer(d, &image.DataDiskSize)
		case "VolumeEncryptionEnabled":
			fits = d.boolean(&image.VolumeEncryptionEnabled)
		case "VolumeEncryptionKey":
			fits = d.text(&image.VolumeEncryptionKey)

		case "ResourceInstanceCategory":
			fits = d.text(&image.ResourceInstanceCategory)
		case "FeatureList":
			fits = readList(d, &d.features, (*decoder).readWord)
		case "DriverList":
			fits = readList(d, &d.drivers, (*decoder).readWord)
		case "AppList":
			fits = readList(d, &d.apps, (*decoder).readApp)
		case "TagList":
			fits = readList(d, &d.tags, (*decoder).readTag)
		case "ImageRegionList":
			fits = readList(d, &d.regions, (*decoder).readWord)
		case "ImageRegionDistributeList":
			fits = readList(d, &d.distributions, (*decoder).readDistribution)
		case "SnapshotList":
			fits = readList(d, &d.snapshots, (*decoder).readSnapshot)

		case "FotaVersion":
			fits = d.text(&image.FOTAVersion)
		case "FotaChannel":
			fits = d.word(&image.FOTAChannel)
		case "CompatibleMode":
			fits = d.boolean(&image.CompatibleMode)
		case "Scene":
			fits = d.word(&image.Scene)
		case "Rating":
			fits = integer(d, &image.Rating)
		case "ImageIconUrl":
			fits = d.text(&image.ImageIconURL)
		case "EnvironmentId":
			fits = d.text(&image.EnvironmentID)
		}
		d.settle(&image.Extra, name, value, fits)
	}
	d.store()
	d.takeLists(image)
}

// The items of an image's lists. Each reports whether the item is what the
// field can hold, with no unknown member; none has an Extra of its own, the
// whole list goes to the image's.

func (d *decoder) readApp(app *App) bool {
	if d.Peek() != jsonscan.Object {
		return false
	}
	var extra map[string]json.RawMessage
	for more := d.Object(); more; more = d.NextMember() {
		name, value := d.Name(), d.Offset()
		fits := false
		switch string(name) {
		case "AppId":
			fits = d.text(&app.AppID)
		case "AppName":
			fits = d.text(&app.AppName)
		}
		d.settle(&extra, name, value, fits)
	}
	return extra == nil
}

func (d *decoder) readTag(tag *Tag) bool {
	if d.Peek() != jsonscan.Object {
		return false
	}
	var extra map[string]json.RawMessage
	for more := d.Object(); more; more = d.NextMember() {
		name, value := d.Name(), d.Offset()
		fits := false
		switch string(name) {
		case "Key":
			fits = d.text(&tag.Key)
		case "Value":
			fits = d.text(&tag.Value)
		}
		d.settle(&extra, name, value, fits)
	}
	return extra == nil
}

func (d *decoder) readDistribution(r *RegionDistribution) bool {
	if d.Peek() != jsonscan.Object {
		return false
	}
	var extra map[string]json.RawMessage
	for more := d.Object(); more; more = d.NextMember() {
		name, value := d.Name(), d.Offset()
		fits := false
		switch string(name) {
		case "ImageId":
			fits = d.text(&r.ImageID)
		case "RegionId":
			fits = d.word(&r.RegionID)
		case "VersionId":
			fits = d.version(&r.VersionID)
		case "Status":
			fits = d.word((*string)(&r.Status))
		case "Progress":
			fits = d.word(&r.Progress)
		}
		d.settle(&extra, name, value, fits)
	}
	return extra == nil
}

func (d *decoder) readSnapshot(s *DiskSnapshot) bool {
	if d.Peek() != jsonscan.Object {
		return false
	}
	var extra map[string]json.RawMessage
	for more := d.Object(); more; more = d.NextMember() {
		name, value := d.Name(), d.Offset()
		fits := false
		switch string(name) {
		case "SnapshotId":
			fits = d.text(&s.SnapshotID)
		case "VersionId":
			fits = d.version(&s.VersionID)
		case "DiskType":
			fits = d.word(&s.DiskType)
		case "DiskSubType":
			fits = d.word(&s.DiskSubType)
		case "DiskCategory":
			fits = d.word(&s.DiskCategory)
		case "BindType":
			fits = d.word(&s.BindType)
		case "Size":
			fits = integer(d, &s.Size)
		}
		d.settle(&extra, name, value, fits)
	}
	return extra == nil
}

// A null in a list of strings is no string, though it is no text elsewhere.

func (d *decoder) readWord(item *string) bool {
	return d.Peek() != jsonscan.Null && d.word(item)
}

func (d *decoder) readLanguage(item *Language) bool { return d.readWord((*string)(item)) }
