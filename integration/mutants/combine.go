package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
)

// Linking a test takes much longer than running it, so all mutants of a package's
// tests are in one binary, and a variable of the environment says which of them is
// alive. Each function that a mutant changes is there in every version:
//
//	func check(s string) error           // the one that is called
//	func check__0(s string) error        // as it is
//	func check__17(s string) error       // as mutant 17 has it
//
// Mutants that change anything but the bodies of functions are built alone.

// environmentKey is the variable.
const environmentKey = "COGNITO_MUTANT"

// chooser is the file by which a package knows which mutant is alive.
const chooser = "package %s\n\nimport \"os\"\n\nvar livingMutant = os.Getenv(%q)\n"

// errAlone means that a mutant does not fit in with others.
var errAlone = errors.New("more than the bodies of functions changes")

// combination is a set of mutants as files.
type combination struct {
	root  string
	files map[string]*combined // by path below the root
}

// combined is a file with the versions of its functions.
type combined struct {
	text      string
	fset      *token.FileSet
	file      *ast.File
	functions map[string]*ast.FuncDecl
	versions  map[string]map[int]string // by function and mutant
}

func newCombination(root string) *combination {
	return &combination{root, make(map[string]*combined)}
}

// add takes a mutant in, or refuses with errAlone.
func (c *combination) add(id int, m mutant) error {
	broken, err := m.apply(c.root)
	if err != nil {
		return err
	}
	type version struct {
		of             *combined
		function, text string
	}
	var found []version
	for file, text := range broken {
		original, err := c.file(file)
		if err != nil {
			return err
		}
		changed, err := original.changed(text)
		if err != nil {
			return err
		}
		for function, text := range changed {
			found = append(found, version{original, function, text})
		}
	}
	for _, v := range found {
		if v.of.versions[v.function] == nil {
			v.of.versions[v.function] = make(map[int]string)
		}
		v.of.versions[v.function][id] = v.text
	}
	return nil
}

// drop takes a mutant out.
func (c *combination) drop(id int) {
	for _, f := range c.files {
		for _, versions := range f.versions {
			delete(versions, id)
		}
	}
}

func (c *combination) file(name string) (*combined, error) {
	if f, ok := c.files[name]; ok {
		return f, nil
	}
	text, err := readFile(c.root, name)
	if err != nil {
		return nil, err
	}
	f := &combined{text: text, fset: token.NewFileSet(), versions: make(map[string]map[int]string)}
	if f.file, f.functions, err = parseFunctions(f.fset, text); err != nil {
		return nil, err
	}
	c.files[name] = f
	return f, nil
}

func parseFunctions(fset *token.FileSet, text string) (*ast.File, map[string]*ast.FuncDecl, error) {
	file, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	functions := make(map[string]*ast.FuncDecl)
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			functions[nameOf(f)] = f
		}
	}
	return file, functions, nil
}

// nameOf is unique within a package.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	var receiver bytes.Buffer
	_ = printer.Fprint(&receiver, token.NewFileSet(), f.Recv.List[0].Type) // a buffer never fails
	return receiver.String() + "." + f.Name.Name
}

// changed are the functions that differ in a broken file.
func (f *combined) changed(broken string) (map[string]string, error) {
	fset := token.NewFileSet()
	_, functions, err := parseFunctions(fset, broken)
	if err != nil {
		return nil, errAlone // it says so itself
	}
	changed := make(map[string]string)
	before, after := f.text, broken
	for name, was := range f.functions {
		is, ok := functions[name]
		if !ok {
			return nil, errAlone
		}
		if old, now := source(f.fset, f.text, was), source(fset, broken, is); old != now {
			changed[name] = renamed(fset, broken, is, placeholder)
			before, after = strings.Replace(before, old, "", 1), strings.Replace(after, now, "", 1)
		}
	}
	if before != after {
		return nil, errAlone
	}
	return changed, nil
}

func source(fset *token.FileSet, text string, f *ast.FuncDecl) string {
	return text[fset.Position(f.Pos()).Offset:fset.Position(f.End()).Offset]
}

// placeholder stands for what a version has behind its name.
const placeholder = "\x00"

// renamed is a function with something behind its name.
func renamed(fset *token.FileSet, text string, f *ast.FuncDecl, suffix string) string {
	end := fset.Position(f.Name.End()).Offset
	return text[fset.Position(f.Pos()).Offset:end] + suffix + text[end:fset.Position(f.End()).Offset]
}

// texts are the files to build, by their paths below the root.
func (c *combination) texts() map[string]string {
	texts := make(map[string]string)
	for name, f := range c.files {
		texts[name] = f.combine()
		texts[path.Join(path.Dir(name), "zz_living_mutant.go")] = fmt.Sprintf(chooser, f.file.Name.Name, environmentKey)
	}
	return texts
}

// combine writes the file with all versions.
func (f *combined) combine() string {
	out := f.text
	var dispatchers, all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f.versions)) {
		versions, decl := f.versions[name], f.functions[name]
		if len(versions) == 0 {
			continue
		}
		out = strings.Replace(out, source(f.fset, f.text, decl), renamed(f.fset, f.text, decl, "__0"), 1)
		dispatchers.WriteString("\n" + dispatcher(decl, slices.Sorted(maps.Keys(versions))))
		for id, text := range versions {
			// The compiler then says whose fault it is.
			fmt.Fprintf(&all, "\n//line mutant%d.go:1\n%s\n", id, strings.Replace(text, placeholder, fmt.Sprintf("__%d", id), 1))
		}
	}
	return out + dispatchers.String() + all.String()
}

// dispatcher calls the version that is alive.
func dispatcher(f *ast.FuncDecl, ids []int) string {
	signature := &ast.FuncDecl{Name: f.Name, Type: &ast.FuncType{TypeParams: f.Type.TypeParams}}
	target := ""
	if f.Recv != nil {
		signature.Recv = named(f.Recv, "receiver")
		target = signature.Recv.List[0].Names[0].Name + "."
	}
	signature.Type.Params = named(f.Type.Params, "parameter")
	signature.Type.Results = unnamed(f.Type.Results)
	target += f.Name.Name
	call, before, after := "("+arguments(signature.Type.Params)+")", "return ", ""
	if f.Type.Results == nil {
		before, after = "", "; return"
	}
	var out strings.Builder
	_ = printer.Fprint(&out, token.NewFileSet(), signature) // a builder never fails
	out.WriteString(" {\n\tswitch livingMutant {\n")
	for _, id := range ids {
		fmt.Fprintf(&out, "\tcase \"%d\":\n\t\t%s%s__%d%s%s\n", id, before, target, id, call, after)
	}
	fmt.Fprintf(&out, "\t}\n\t%s%s__0%s\n}\n", before, target, call)
	return out.String()
}

// named gives every field a name, since what has none cannot be passed on.
func named(fields *ast.FieldList, prefix string) *ast.FieldList {
	list := &ast.FieldList{}
	for _, field := range fields.List {
		names := field.Names
		if len(names) == 0 {
			names = []*ast.Ident{ast.NewIdent("_")}
		}
		for _, name := range names {
			if name.Name == "_" {
				name = ast.NewIdent(fmt.Sprintf("%s%d", prefix, len(list.List)))
			}
			list.List = append(list.List, &ast.Field{Names: []*ast.Ident{ast.NewIdent(name.Name)}, Type: field.Type})
		}
	}
	return list
}

func unnamed(fields *ast.FieldList) *ast.FieldList {
	if fields == nil {
		return nil
	}
	list := &ast.FieldList{}
	for _, field := range fields.List {
		for range max(1, len(field.Names)) {
			list.List = append(list.List, &ast.Field{Type: field.Type})
		}
	}
	return list
}

func arguments(parameters *ast.FieldList) string {
	var list []string
	for _, field := range parameters.List {
		name := field.Names[0].Name
		if _, variadic := field.Type.(*ast.Ellipsis); variadic {
			name += "..."
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}
