package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// source is what the doc comments of some packages say.
type source struct {
	funcs, types map[string]string // doc comments by name
	structs      map[string]*ast.StructType
}

// readSource parses the folders. Where two packages declare the same type, the
// first keeps its fields and the last its comment: the modules embed their
// configuration, and say what they do with it.
func readSource(folders ...string) (*source, error) {
	s := &source{make(map[string]string), make(map[string]string), make(map[string]*ast.StructType)}
	for _, folder := range folders {
		paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			s.read(file)
		}
	}
	return s, nil
}

func (s *source) read(file *ast.File) {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				s.funcs[decl.Name.Name] = decl.Doc.Text()
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				spec, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				s.types[spec.Name.Name] = spec.Doc.Text() + decl.Doc.Text()
				if fields, ok := spec.Type.(*ast.StructType); ok && s.structs[spec.Name.Name] == nil {
					s.structs[spec.Name.Name] = fields
				}
			}
		}
	}
}

// field is a member of a struct that JSON knows.
type field struct {
	name, key string
	typ       string // that of the member, or of the members of a list or map
	flag      bool
	doc       string
}

// fields are those of a struct in their order, those of embedded structs where
// they are embedded.
func (s *source) fields(typ string) ([]field, error) {
	node := s.structs[typ]
	if node == nil {
		return nil, fmt.Errorf("there is no struct %s", typ)
	}
	var list []field
	for _, member := range node.Fields.List {
		if len(member.Names) == 0 {
			embedded, err := s.fields(elementOf(member.Type))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", typ, err)
			}
			list = append(list, embedded...)
			continue
		}
		if member.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(member.Tag.Value, "`")).Get("json")
		key, _, _ := strings.Cut(tag, ",")
		element := elementOf(member.Type)
		list = append(list, field{member.Names[0].Name, key, element, element == "bool", member.Doc.Text()})
	}
	return list, nil
}

// elementOf is the name of a type without pointers, lists and maps.
func elementOf(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.Ident:
		return expr.Name
	case *ast.StarExpr:
		return elementOf(expr.X)
	case *ast.ArrayType:
		return elementOf(expr.Elt)
	case *ast.MapType:
		return elementOf(expr.Value)
	case *ast.SelectorExpr:
		return expr.Sel.Name
	}
	return ""
}

// comment is a doc comment in its parts: prose, and the code indented by a tab.
type comment struct{ prose, code string }

// commentOf leaves the first sentence of a parse function out, which is for
// programmers.
func commentOf(text string) comment {
	var c comment
	var code, prose []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if indented, ok := strings.CutPrefix(line, "\t"); ok {
			code = append(code, indented)
		} else {
			prose = append(prose, line)
		}
	}
	c.code, c.prose = strings.Join(code, "\n"), strings.Join(prose, "\n")
	return c
}

// words are the lines of a syntax block, by the block in which they stand.
type words map[string][]usage

// usage is one form of a word.
type usage struct {
	word, line string
	block      bool
}

// wordsOf reads a syntax block. The key of the outermost block is "".
func wordsOf(syntax string) words {
	found := make(words)
	var blocks []string
	for line := range strings.Lines(syntax) {
		line = strings.Join(strings.Fields(line), " ")
		if line == "}" {
			blocks = blocks[:len(blocks)-1]
			continue
		}
		line, opens := strings.CutSuffix(line, " {")
		word, _, _ := strings.Cut(line, " ")
		if len(blocks) > 0 && !strings.HasPrefix(line, "<") && word != "…" {
			place := strings.Join(blocks[1:], " ")
			found[place] = append(found[place], usage{word, line, opens})
		}
		if opens {
			blocks = append(blocks, word)
		}
	}
	return found
}

// of are the forms of a word in a block.
func (w words) of(block, word string) (forms []usage) {
	for _, form := range w[block] {
		if form.word == word {
			forms = append(forms, form)
		}
	}
	return forms
}

// unused are the words of a block that no key has.
func (w words) unused(block string, keys []string) (list []string) {
	for _, form := range w[block] {
		if !slices.Contains(keys, form.word) {
			list = append(list, form.word)
		}
	}
	return list
}
