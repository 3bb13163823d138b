package appstreaming

import (
	"bytes"
	"reflect"
	"strconv"
	"sync"

	"github.com/wuying-go/appstreaming/internal/wirejson"
)

// This file is the response's schema: it says which member of an object goes to
// which field. internal/wirejson reads JSON and its values.

// maxImages bounds the images of a page. The service sends at most 100. A body of
// tiny images takes far more memory than its size, but less than a megabyte.
const maxImages = 1000

// success is the value of a body's member Success.
type success uint8

const (
	successAbsent success = iota // no such member, null, or not a boolean
	successTrue
	successFalse
)

// dataKind is the type of a body's member Data.
type dataKind uint8

const (
	dataAbsent dataKind = iota
	dataNull
	dataArray
	dataOther // any other type, which is an error too
)

// evidence holds a body's signs of success or failure, apart from the page's Code.
type evidence struct {
	success    success
	data       dataKind
	items      bool // Data is an array with items, of any type
	countGiven bool // Count is present and is an integer
}

// decodePage reads the body of a response with status 2xx. It copies what it
// keeps. It also reads a body that reports a failure: the caller checks the
// evidence and page.Code. Of err, Path, Offset and Reason are set. After an
// error, page holds what was read of it, except images.
//
// In addition to what ListImageResponse and Image say:
//
//   - null means the zero value. Otherwise text fields accept strings, numbers
//     and booleans as written. Integers accept integer literals in range.
//     Booleans accept true, false, 1 and 0. Both also accept the same as a
//     string ("true" in any letter case).
//   - A value that does not fit, and an unknown member, go to Extra as received.
//     A list goes there when any of its items does not fit wholly. The field
//     then has what could be read.
//   - If a member is given twice, the last one counts.
//   - Data must be null or an array of objects.
//
// The syntax is that of encoding/json, including its limit of 10000 levels of
// nesting. The intended differences are:
//
//   - Names match exactly. A name in another letter case is an unknown member,
//     so it cannot hide the right one.
//   - Invalid UTF-8 is an error. encoding/json replaces it. Half a surrogate
//     pair, \ud83d, has no form in UTF-8 and is replaced, as in encoding/json.
//   - A body of null is an error, not an empty page.
//   - Values of another type are read or kept in Extra, as above.
//   - When a list is given twice, the later one replaces the earlier one.
//   - More than 1000 images are an error.
//   - Memory is limited to a multiple of the body's size. Long lists of tiny
//     items go to Extra instead of their field. Too many unknown members are an
//     error.
func decodePage(body []byte) (page ListImageResponse, said evidence, err *DecodeError) {
	d := decoders.Get().(*decoder)
	page, said, err = d.decodePage(body)
	d.release()
	return page, said, err
}

// decodeImage reads one image.
func decodeImage(text []byte) (image Image, err *DecodeError) {
	d := decoders.Get().(*decoder)
	d.Reset(text)
	if d.outermost(text) {
		d.readImage(&image)
		d.End()
	}
	err = d.failure(text)
	d.release()
	return image, err
}

// decoder reads one body. It is reused for other bodies.
type decoder struct {
	wirejson.Reader
	page   ListImageResponse
	said   evidence
	images wirejson.List[Image]
	image  imageReader
}

// imageReader is the image being read, and its lists.
type imageReader struct {
	*Image
	languages     wirejson.List[Language]
	features      wirejson.List[Feature]
	drivers       wirejson.List[string]
	apps          wirejson.List[App]
	tags          wirejson.List[Tag]
	regions       wirejson.List[string]
	distributions wirejson.List[RegionDistribution]
	snapshots     wirejson.List[DiskSnapshot]
}

// The garbage collector empties the pool every dozen pages.
var decoders = sync.Pool{New: func() any {
	d := new(decoder)
	d.images.Usual, d.images.Limit = 100, maxImages
	return d
}}

// release returns d to the pool. Its own memory has a fixed size, so the pool
// needs no limit.
func (d *decoder) release() {
	d.clear()
	decoders.Put(d)
}

// clear empties d, so that it keeps nothing of a body or a result alive.
func (d *decoder) clear() {
	d.Reset(nil)
	d.page, d.said, d.image.Image = ListImageResponse{}, evidence{}, nil
	d.images.Reset()
}

func (d *decoder) decodePage(body []byte) (ListImageResponse, evidence, *DecodeError) {
	d.Reset(body)
	if d.outermost(body) {
		wirejson.ReadObject(&d.Reader, d, pageMember, &d.page.Extra)
		d.End()
		d.Store()
		if d.Err() == nil {
			d.page.Images = d.images.Take()
		}
	}
	return d.page, d.said, d.failure(body)
}

// outermost reports whether the text holds an object. If not, it records the
// failure.
func (d *decoder) outermost(text []byte) bool {
	switch kind := d.Peek(); {
	case kind == wirejson.Object:
		return true
	case kind != wirejson.Missing:
		d.RefuseKind(wirejson.Object)
	case d.Offset() == len(text):
		d.Refuse(0, "empty body")
	case bytes.HasPrefix(text, []byte("\ufeff")):
		d.Refuse(0, "byte order mark before the JSON value")
	default:
		d.Skip() // fails
	}
	return false
}

// failure returns the reason why the text is not acceptable, or nil.
func (d *decoder) failure(text []byte) *DecodeError {
	err := d.Err()
	if err == nil {
		return nil
	}
	return &DecodeError{Path: wirejson.Path(text, err.Offset), Offset: int64(err.Offset), Reason: err.Reason}
}

func pageMember(r *wirejson.Reader, d *decoder, name []byte) wirejson.Fit {
	page := &d.page
	switch string(name) {
	case "RequestId":
		return r.Text(&page.RequestID)
	case "Code":
		return r.Text(&page.Code)
	case "Message":
		return r.Text(&page.Message)
	case "Success":
		return d.readSuccess()
	case "PageNumber":
		return wirejson.ReadInteger(r, &page.PageNumber)
	case "PageSize":
		return wirejson.ReadInteger(r, &page.PageSize)
	case "Count":
		given := r.Peek() != wirejson.Null
		fit := wirejson.ReadInteger(r, &page.Count)
		d.said.countGiven = given && fit == wirejson.Fits
		return fit
	case "Data":
		d.said.data = d.readData()
		return wirejson.Fits
	}
	return wirejson.Unknown
}

func (d *decoder) readSuccess() wirejson.Fit {
	d.said.success = successAbsent
	if d.Peek() == wirejson.Null {
		d.Null()
		return wirejson.Fits
	}
	var value bool
	fit := d.Boolean(&value)
	switch {
	case fit != wirejson.Fits:
	case value:
		d.said.success = successTrue
	default:
		d.said.success = successFalse
	}
	return fit
}

// readData reads the images. If Data has another type, it records an error, and
// reading continues: Data may be given again, and later members help to
// describe an error.
func (d *decoder) readData() dataKind {
	d.Store() // the page's own text must not share a string with an image's
	d.Forgive()
	d.images.Drop()
	d.said.items = false
	kind, start := d.Peek(), d.Offset()
	fit := wirejson.ReadList(&d.Reader, &d.images, func(image *Image) bool {
		d.said.items = true
		if d.Peek() != wirejson.Object {
			d.RefuseKind(wirejson.Object)
			return false
		}
		d.readImage(image)
		return true
	})
	switch {
	case kind == wirejson.Null:
		return dataNull
	case kind != wirejson.Array:
		d.RefuseKind(wirejson.Array)
		d.Skip()
		return dataOther
	case fit != wirejson.Fits:
		d.Refuse(start, "more than "+strconv.Itoa(maxImages)+" images")
	}
	return dataArray
}

func (d *decoder) readImage(image *Image) {
	d.image.Image = image
	wirejson.ReadObject(&d.Reader, &d.image, imageMember, &image.Extra)
	d.Store()
	d.image.takeLists(&d.Reader)
}

func imageMember(r *wirejson.Reader, i *imageReader, name []byte) wirejson.Fit {
	switch string(name) {
	case "ImageId":
		return r.Text(&i.ImageID)
	case "ImageName":
		return r.Text(&i.ImageName)
	case "ImageType":
		return r.Word((*string)(&i.ImageType), documented)
	case "Status":
		return r.Word((*string)(&i.Status), documented)
	case "Description":
		return r.Text(&i.Description)
	case "AliUid":
		return wirejson.ReadInteger(r, &i.AliUID)
	case "BizType":
		return wirejson.ReadInteger(r, &i.BizType)
	case "GmtCreate":
		return r.Text((*string)(&i.Created))
	case "GmtModified":
		return r.Text((*string)(&i.Modified))

	case "VersionId":
		return r.Recurring(&i.VersionID)
	case "VersionName":
		return r.Text(&i.VersionName)
	case "OnlineVersionId":
		return r.Recurring(&i.OnlineVersionID)
	case "LatestVersionId":
		return r.Recurring(&i.LatestVersionID)
	case "OnlineVersion":
		return r.Boolean(&i.OnlineVersion)
	case "ParentImageId":
		return r.Text(&i.ParentImageID)
	case "ParentImageVersion":
		return r.Text(&i.ParentImageVersion)
	case "BaseImageId":
		return r.Text(&i.BaseImageID)
	case "BaseImageVersion":
		return r.Text(&i.BaseImageVersion)

	case "ProductType":
		return r.Word((*string)(&i.ProductType), documented)
	case "PackageType":
		return r.Word((*string)(&i.PackageType), documented)
	case "ProtocolType":
		return r.Word((*string)(&i.ProtocolType), documented)
	case "SessionType":
		return r.Word((*string)(&i.SessionType), documented)
	case "ImageCreateMode":
		return r.Word((*string)(&i.ImageCreateMode), documented)

	case "OsType":
		return r.Word((*string)(&i.OSType), documented)
	case "Platform":
		return r.Text(&i.Platform)
	case "PlatformName":
		return r.Word((*string)(&i.PlatformName), documented)
	case "Distro":
		return r.Text(&i.Distro)
	case "Language":
		return r.Word((*string)(&i.Language), documented)
	case "SupportedLanguageList":
		return wirejson.ReadList(r, &i.languages, func(item *Language) bool { return r.Item((*string)(item)) })

	case "SystemDiskSize":
		return wirejson.ReadInteger(r, &i.SystemDiskSize)
	case "DataDiskSize":
		return wirejson.ReadInteger(r, &i.DataDiskSize)
	case "VolumeEncryptionEnabled":
		return r.Boolean(&i.VolumeEncryptionEnabled)
	case "VolumeEncryptionKey":
		return r.Text(&i.VolumeEncryptionKey)

	case "ResourceInstanceCategory":
		return r.Text(&i.ResourceInstanceCategory)
	case "FeatureList":
		return wirejson.ReadList(r, &i.features, func(item *Feature) bool { return r.Item((*string)(item)) })
	case "DriverList":
		return wirejson.ReadList(r, &i.drivers, r.Item)
	case "AppList":
		return wirejson.ReadObjects(r, &i.apps, appMember)
	case "TagList":
		return wirejson.ReadObjects(r, &i.tags, tagMember)
	case "ImageRegionList":
		return wirejson.ReadList(r, &i.regions, r.Item)
	case "ImageRegionDistributeList":
		return wirejson.ReadObjects(r, &i.distributions, distributionMember)
	case "SnapshotList":
		return wirejson.ReadObjects(r, &i.snapshots, snapshotMember)

	case "FotaVersion":
		return r.Text(&i.FOTAVersion)
	case "FotaChannel":
		return r.Text(&i.FOTAChannel)
	case "CompatibleMode":
		return r.Boolean(&i.CompatibleMode)
	case "Scene":
		return r.Text(&i.Scene)
	case "Rating":
		return wirejson.ReadInteger(r, &i.Rating)
	case "ImageIconUrl":
		return r.Text(&i.ImageIconURL)
	case "EnvironmentId":
		return r.Text(&i.EnvironmentID)
	}
	return wirejson.Unknown
}

func appMember(r *wirejson.Reader, app *App, name []byte) wirejson.Fit {
	switch string(name) {
	case "AppId":
		return r.Text(&app.AppID)
	case "AppName":
		return r.Text(&app.AppName)
	}
	return wirejson.Unknown
}

func tagMember(r *wirejson.Reader, tag *Tag, name []byte) wirejson.Fit {
	switch string(name) {
	case "Key":
		return r.Text(&tag.Key)
	case "Value":
		return r.Text(&tag.Value)
	}
	return wirejson.Unknown
}

func distributionMember(r *wirejson.Reader, d *RegionDistribution, name []byte) wirejson.Fit {
	switch string(name) {
	case "ImageId":
		return r.Text(&d.ImageID)
	case "RegionId":
		return r.Text(&d.RegionID)
	case "VersionId":
		return r.Recurring(&d.VersionID)
	case "Status":
		return r.Word((*string)(&d.Status), documented)
	case "Progress":
		return r.Text(&d.Progress)
	}
	return wirejson.Unknown
}

func snapshotMember(r *wirejson.Reader, s *DiskSnapshot, name []byte) wirejson.Fit {
	switch string(name) {
	case "SnapshotId":
		return r.Text(&s.SnapshotID)
	case "VersionId":
		return r.Recurring(&s.VersionID)
	case "DiskType":
		return r.Text(&s.DiskType)
	case "DiskSubType":
		return r.Text(&s.DiskSubType)
	case "DiskCategory":
		return r.Text(&s.DiskCategory)
	case "BindType":
		return r.Text(&s.BindType)
	case "Size":
		return wirejson.ReadInteger(r, &s.Size)
	}
	return wirejson.Unknown
}

// short is the length up to which lists share memory: as many as there are
// documented languages, and documented features.
const short = 4

// shortLists holds the lists that are short in most images: one allocation
// instead of three.
type shortLists struct {
	languages [short]Language
	features  [short]Feature
	tags      [short]Tag
}

var shortListsSize = int(reflect.TypeFor[shortLists]().Size())

// takeLists moves the lists to the image.
func (i *imageReader) takeLists(r *wirejson.Reader) {
	texts := make([]string, i.drivers.Len()+i.regions.Len())
	i.Drivers = i.drivers.TakeInto(&texts)
	i.ImageRegions = i.regions.TakeInto(&texts)

	languages, features, tags := i.languages.Len(), i.features.Len(), i.tags.Len()
	if max(languages, features, tags) <= short && languages+features+tags > 1 && r.ChargeItems(shortListsSize) {
		room := new(shortLists)
		languages, features, tags := room.languages[:], room.features[:], room.tags[:]
		i.SupportedLanguages = i.languages.TakeInto(&languages)
		i.Features = i.features.TakeInto(&features)
		i.Tags = i.tags.TakeInto(&tags)
	} else {
		i.SupportedLanguages = i.languages.Take()
		i.Features = i.features.Take()
		i.Tags = i.tags.Take()
	}

	i.Apps = i.apps.Take()
	i.RegionDistributions = i.distributions.Take()
	i.Snapshots = i.snapshots.Take()
}
