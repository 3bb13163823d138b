// Doclinks lists names in square brackets in comments that godoc does not turn
// into links: names of fields, names that are not exported, names in the middle of
// code, and unknown names. It exits with 1 when there are any.
package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// link is a name in square brackets, as a doc link has it.
var link = regexp.MustCompile(`\[\*?([A-Z]\w*(\.[A-Z]\w*)?|[a-z]\w*(/\w+)*\.[A-Z]\w*(\.[A-Z]\w*)?)\]`)

func main() {
	c := checker{files: token.NewFileSet()}
	err := filepath.WalkDir(".", func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name := entry.Name(); name == "testdata" || name == "node_modules" || name != "." && strings.HasPrefix(name, ".") {
			return filepath.SkipDir
		}
		return c.directory(dir)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "doclinks:", err)
		os.Exit(2)
	}
	if c.found {
		os.Exit(1)
	}
}

type checker struct {
	files *token.FileSet
	found bool
}

// directory checks the Go files of a directory, package by package.
func (c *checker) directory(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	packages := map[string][]*ast.File{}
	for _, name := range names {
		file, err := parser.ParseFile(c.files, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, "_test.go") {
			c.report(file.Comments, nil)
			continue
		}
		packages[file.Name.Name] = append(packages[file.Name.Name], file)
	}
	for _, files := range packages {
		p, err := doc.NewFromFiles(c.files, files, dir, doc.PreserveAST)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		for _, file := range files {
			c.report(file.Comments, linked(file, p.Parser()))
		}
	}
	return nil
}

// linked returns what is left of the comments that godoc shows when its links
// are taken out.
func linked(file *ast.File, known *comment.Parser) map[*ast.CommentGroup]string {
	imports := map[string]string{}
	for _, i := range file.Imports {
		full := strings.Trim(i.Path.Value, `"`)
		imports[path.Base(full)] = full
	}
	names := *known
	names.LookupPackage = func(name string) (string, bool) {
		if full, ok := imports[name]; ok {
			return full, true
		}
		return known.LookupPackage(name)
	}
	left := map[*ast.CommentGroup]string{}
	add := func(group *ast.CommentGroup) {
		if group != nil {
			var printer comment.Printer
			printer.DocLinkURL = func(*comment.DocLink) string { return "x" }
			text := string(printer.Markdown(names.Parse(group.Text())))
			left[group] = strings.ReplaceAll(regexp.MustCompile(`\[[^]]*\]\(x\)`).ReplaceAllString(text, ""), `\`, "")
		}
	}
	add(file.Doc)
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() {
				add(d.Doc)
			}
		case *ast.GenDecl:
			if exported(d) {
				add(d.Doc)
			}
		}
	}
	return left
}

// exported reports whether a declaration has an exported name. Godoc shows the
// comment of a group, and those of its members as code.
func exported(d *ast.GenDecl) bool {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				return true
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() {
					return true
				}
			}
		}
	}
	return false
}

// report prints the names in brackets in comments, or in what is left of them.
func (c *checker) report(groups []*ast.CommentGroup, left map[*ast.CommentGroup]string) {
	for _, group := range groups {
		text, shown := left[group]
		if !shown {
			text = group.Text()
		}
		for _, name := range link.FindAllString(text, -1) {
			fmt.Printf("%s: %s is no link in godoc\n", c.files.Position(group.Pos()), name)
			c.found = true
		}
	}
}
