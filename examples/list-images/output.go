package main

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/wuying-go/appstreaming"
)

// sink is a form of output. All but the table write each image at once.
type sink interface {
	write(image appstreaming.Image) error
	close() error
}

func newSink(form string, w io.Writer) sink {
	switch form {
	case "json":
		return &jsonSink{w: w}
	case "jsonl":
		return &linesSink{w: w}
	case "csv":
		return &csvSink{w: csv.NewWriter(w)}
	}
	return &table{w: w}
}

// jsonSink writes one array, image by image.
type jsonSink struct {
	w     io.Writer
	begun bool
}

func (s *jsonSink) write(image appstreaming.Image) error {
	lead := "[\n"
	if s.begun {
		lead = ",\n"
	}
	s.begun = true
	text, err := json.Marshal(image)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.w, lead+string(text))
	return err
}

func (s *jsonSink) close() error {
	end := "\n]\n"
	if !s.begun {
		end = "[]\n"
	}
	_, err := io.WriteString(s.w, end)
	return err
}

// linesSink writes an image a line.
type linesSink struct{ w io.Writer }

func (s *linesSink) write(image appstreaming.Image) error {
	text, err := json.Marshal(image)
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(text, '\n'))
	return err
}

func (s *linesSink) close() error { return nil }

// csvSink writes a header and a record an image, lists joined by ';'.
type csvSink struct {
	w     *csv.Writer
	begun bool
}

// column is a column of csv under its wire name.
type column struct {
	name  string
	value func(*appstreaming.Image) string
}

var columns = []column{
	{"ImageId", func(i *appstreaming.Image) string { return i.ImageID }},
	{"ImageName", func(i *appstreaming.Image) string { return i.ImageName }},
	{"ImageType", func(i *appstreaming.Image) string { return string(i.ImageType) }},
	{"Status", func(i *appstreaming.Image) string { return string(i.Status) }},
	{"Description", func(i *appstreaming.Image) string { return i.Description }},
	{"AliUid", func(i *appstreaming.Image) string { return strconv.FormatInt(i.AliUID, 10) }},
	{"BizType", func(i *appstreaming.Image) string { return strconv.Itoa(int(i.BizType)) }},
	{"GmtCreate", func(i *appstreaming.Image) string { return string(i.Created) }},
	{"GmtModified", func(i *appstreaming.Image) string { return string(i.Modified) }},
	{"VersionId", func(i *appstreaming.Image) string { return i.VersionID }},
	{"VersionName", func(i *appstreaming.Image) string { return i.VersionName }},
	{"OnlineVersionId", func(i *appstreaming.Image) string { return i.OnlineVersionID }},
	{"LatestVersionId", func(i *appstreaming.Image) string { return i.LatestVersionID }},
	{"OnlineVersion", func(i *appstreaming.Image) string { return strconv.FormatBool(i.OnlineVersion) }},
	{"ParentImageId", func(i *appstreaming.Image) string { return i.ParentImageID }},
	{"ParentImageVersion", func(i *appstreaming.Image) string { return i.ParentImageVersion }},
	{"BaseImageId", func(i *appstreaming.Image) string { return i.BaseImageID }},
	{"BaseImageVersion", func(i *appstreaming.Image) string { return i.BaseImageVersion }},
	{"ProductType", func(i *appstreaming.Image) string { return string(i.ProductType) }},
	{"PackageType", func(i *appstreaming.Image) string { return string(i.PackageType) }},
	{"ProtocolType", func(i *appstreaming.Image) string { return string(i.ProtocolType) }},
	{"SessionType", func(i *appstreaming.Image) string { return string(i.SessionType) }},
	{"ImageCreateMode", func(i *appstreaming.Image) string { return string(i.ImageCreateMode) }},
	{"OsType", func(i *appstreaming.Image) string { return string(i.OSType) }},
	{"Platform", func(i *appstreaming.Image) string { return i.Platform }},
	{"PlatformName", func(i *appstreaming.Image) string { return string(i.PlatformName) }},
	{"Distro", func(i *appstreaming.Image) string { return i.Distro }},
	{"Language", func(i *appstreaming.Image) string { return string(i.Language) }},
	{"SupportedLanguageList", func(i *appstreaming.Image) string { return joined(i.SupportedLanguages) }},
	{"SystemDiskSize", func(i *appstreaming.Image) string { return strconv.Itoa(i.SystemDiskSize) }},
	{"DataDiskSize", func(i *appstreaming.Image) string { return strconv.Itoa(i.DataDiskSize) }},
	{"VolumeEncryptionEnabled", func(i *appstreaming.Image) string { return strconv.FormatBool(i.VolumeEncryptionEnabled) }},
	{"VolumeEncryptionKey", func(i *appstreaming.Image) string { return i.VolumeEncryptionKey }},
	{"ResourceInstanceCategory", func(i *appstreaming.Image) string { return i.ResourceInstanceCategory }},
	{"FeatureList", func(i *appstreaming.Image) string { return joined(i.Features) }},
	{"DriverList", func(i *appstreaming.Image) string { return joined(i.Drivers) }},
	{"ImageRegionList", func(i *appstreaming.Image) string { return joined(i.ImageRegions) }},
	{"AppList", func(i *appstreaming.Image) string {
		return each(i.Apps, func(a appstreaming.App) string { return a.AppID + "=" + a.AppName })
	}},
	{"TagList", func(i *appstreaming.Image) string {
		return each(i.Tags, func(t appstreaming.Tag) string { return t.Key + "=" + t.Value })
	}},
	{"ImageRegionDistributeList", func(i *appstreaming.Image) string {
		return each(i.RegionDistributions, func(d appstreaming.RegionDistribution) string {
			return d.RegionID + "=" + string(d.Status) + " " + d.Progress
		})
	}},
	{"SnapshotList", func(i *appstreaming.Image) string {
		return each(i.Snapshots, func(s appstreaming.DiskSnapshot) string { return s.SnapshotID })
	}},
	{"FotaVersion", func(i *appstreaming.Image) string { return i.FOTAVersion }},
	{"FotaChannel", func(i *appstreaming.Image) string { return i.FOTAChannel }},
	{"CompatibleMode", func(i *appstreaming.Image) string { return strconv.FormatBool(i.CompatibleMode) }},
	{"Scene", func(i *appstreaming.Image) string { return i.Scene }},
	{"Rating", func(i *appstreaming.Image) string { return strconv.Itoa(i.Rating) }},
	{"ImageIconUrl", func(i *appstreaming.Image) string { return i.ImageIconURL }},
	{"EnvironmentId", func(i *appstreaming.Image) string { return i.EnvironmentID }},
}

func joined[T ~string](items []T) string { return each(items, func(t T) string { return string(t) }) }

func each[T any](items []T, text func(T) string) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, text(item))
	}
	return strings.Join(texts, ";")
}

func (s *csvSink) header() error {
	if s.begun {
		return nil
	}
	s.begun = true
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return s.w.Write(names)
}

func (s *csvSink) write(image appstreaming.Image) error {
	if err := s.header(); err != nil {
		return err
	}
	record := make([]string, len(columns))
	for n, c := range columns {
		record[n] = c.value(&image)
	}
	if err := s.w.Write(record); err != nil {
		return err
	}
	s.w.Flush() // whoever reads has each image as soon as it is there
	return s.w.Error()
}

func (s *csvSink) close() error {
	if err := s.header(); err != nil {
		return err
	}
	s.w.Flush()
	return s.w.Error()
}
