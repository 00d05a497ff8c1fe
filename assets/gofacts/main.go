// Command gofacts says what the identifiers, selectors, calls and other expressions of Go packages mean.
//
// In: the JSON of `go list -e -test -deps -export` on standard input. Out: JSON lines on standard output: one record
// per package with its tables of names and types, one per file with its facts, one per thing that went wrong.
// Standard library only, no network, nothing is written. It is built with the very go that wrote the export data, so
// that it can always read it. Packages that do not type check give the facts that there are.
//
// The writing of types and names is that of src/decode/go-source/type-text.ts: whole import paths, no type arguments,
// no parameter names, `any` for the empty interface, `[N]T` for arrays, empty where it has no single type.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
)

const (
	maxErrorsOfPackage = 20
	maxTypeDepth       = 32
	maxTypeLength      = 2000
)

// listed is a package as go list describes it.
type listed struct {
	ImportPath string
	Dir        string
	Name       string
	Export     string
	ForTest    string
	DepOnly    bool
	Standard   bool
	GoFiles    []string
	CgoFiles   []string
	ImportMap  map[string]string
	Module     *struct {
		Path      string
		GoVersion string
	}
	Error *struct {
		Pos string
		Err string
	}
	DepsErrors []*struct {
		Pos string
		Err string
	}
}

// packageRecord comes after the records of the package's files.
type packageRecord struct {
	Kind       string   `json:"kind"` // "package"
	ImportPath string   `json:"importPath"`
	Name       string   `json:"name"`
	Types      []string `json:"types"`
	// ContextTypes and HandlerTypes are indexes of Types: those that can be used as context.Context, net/http.Handler.
	ContextTypes []int    `json:"contextTypes,omitempty"`
	HandlerTypes []int    `json:"handlerTypes,omitempty"`
	Symbols      []symbol `json:"symbols"`
	Files        []file   `json:"files"`
	Exprs        int      `json:"exprs"`
	Typed        int      `json:"typed"`
}

type symbol struct {
	Kind      string `json:"k"`
	Name      string `json:"n"`
	Qualified string `json:"q,omitempty"`
	Type      int    `json:"t"`
	// File is an index of Files, At a byte offset; absent where it is declared elsewhere.
	File *int `json:"f,omitempty"`
	At   *int `json:"a,omitempty"`
}

type file struct {
	Path string `json:"path"`
	Size int    `json:"size"`
	// Facts are fours: start as distance from the start before, length, symbol + 1 or 0, type.
	Facts []int `json:"facts"`
}

type problem struct {
	Kind    string `json:"kind"` // "problem"
	Package string `json:"package,omitempty"`
	At      string `json:"at,omitempty"`
	Message string `json:"message"`
	// Phase is list, parse or types.
	Phase string `json:"phase"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gofacts:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	packages, order, err := readList(in)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(out, 1<<20)
	defer buffered.Flush()
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)

	roots := chooseRoots(packages, order)
	w := newWorld(packages)
	parsed := parseAhead(w.fset, roots)
	for index := range roots {
		p := <-parsed[index]
		record, problems := w.check(p)
		for _, one := range problems {
			if err := encoder.Encode(one); err != nil {
				return err
			}
		}
		if len(record.Files) == 0 {
			continue
		}
		if err := encoder.Encode(record); err != nil {
			return err
		}
	}
	return nil
}

func readList(in io.Reader) (map[string]*listed, []*listed, error) {
	decoder := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	packages := map[string]*listed{}
	var order []*listed
	for {
		p := new(listed)
		err := decoder.Decode(p)
		if errors.Is(err, io.EOF) {
			return packages, order, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("what go list said cannot be read: %w", err)
		}
		packages[p.ImportPath] = p
		order = append(order, p)
	}
}

// chooseRoots takes of each package that was asked for the form with its tests, and its external tests.
func chooseRoots(packages map[string]*listed, order []*listed) []*listed {
	var roots []*listed
	for _, p := range order {
		if p.DepOnly && p.ForTest == "" {
			continue
		}
		isVariant := strings.HasSuffix(p.ImportPath, "]")
		if isVariant {
			// Packages rebuilt for another one's tests are not asked for.
			bare, _, _ := strings.Cut(p.ImportPath, " [")
			if bare != p.ForTest && bare != p.ForTest+"_test" {
				continue
			}
		} else {
			if strings.HasSuffix(p.ImportPath, ".test") && p.Name == "main" && isGenerated(p) {
				continue
			}
			if _, ok := packages[p.ImportPath+" ["+p.ImportPath+".test]"]; ok {
				continue
			}
		}
		if p.Dir == "" || len(p.GoFiles)+len(p.CgoFiles) == 0 {
			if p.Error == nil {
				continue
			}
		}
		roots = append(roots, p)
	}
	return roots
}

func isGenerated(p *listed) bool {
	// It lies in the build cache.
	return len(p.GoFiles) > 0 && filepath.IsAbs(p.GoFiles[0])
}

// source is a package as parsed.
type source struct {
	*listed
	files    []*ast.File
	paths    []string
	problems []problem
}

// parseAhead parses while types are checked, a few packages ahead.
func parseAhead(fset *token.FileSet, roots []*listed) []chan *source {
	results := make([]chan *source, len(roots))
	for index := range results {
		results[index] = make(chan *source, 1)
	}
	places := make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	go func() {
		for index, root := range roots {
			places <- struct{}{}
			go func() {
				results[index] <- parse(fset, root)
				<-places
			}()
		}
	}()
	return results
}

func parse(fset *token.FileSet, p *listed) *source {
	s := &source{listed: p}
	if p.Error != nil {
		bare, _, _ := strings.Cut(p.ImportPath, " [")
		s.problems = append(s.problems, problem{"problem", bare, p.Error.Pos, cut(p.Error.Err), "list"})
	}
	names := append(append([]string{}, p.GoFiles...), p.CgoFiles...)
	sort.Strings(names)
	for _, name := range names {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.Dir, name)
		}
		// Object resolution of go/parser is not used: go/types has its own.
		tree, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			s.problems = append(s.problems, problem{"problem", p.ImportPath, path, cut(err.Error()), "parse"})
		}
		if tree != nil {
			s.files = append(s.files, tree)
			s.paths = append(s.paths, path)
		}
	}
	return s
}

func cut(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 500 {
		return text[:500] + "…"
	}
	return text
}

// world is what all packages share.
type world struct {
	fset     *token.FileSet
	packages map[string]*listed
	importer types.Importer
	sizes    types.Sizes
}

func newWorld(packages map[string]*listed) *world {
	w := &world{fset: token.NewFileSet(), packages: packages, sizes: types.SizesFor("gc", runtime.GOARCH)}
	w.importer = importer.ForCompiler(w.fset, "gc", w.open)
	return w
}

// mapped imports for one package: its vendored and test variants. Where a package is imported as it was rebuilt for a
// test, all that refers to it must mean that form, so such an importer shares nothing with the others.
type mapped struct {
	names map[string]string
	from  types.Importer
}

func (w *world) importerOf(s *source) mapped {
	variants := map[string]string{}
	for path, to := range s.ImportMap {
		if strings.HasSuffix(to, "]") {
			variants[path] = to
		}
	}
	if len(variants) == 0 {
		return mapped{s.ImportMap, w.importer}
	}
	names := map[string]string{}
	for path, to := range s.ImportMap {
		if _, ok := variants[path]; !ok {
			names[path] = to
		}
	}
	own := importer.ForCompiler(w.fset, "gc", func(path string) (io.ReadCloser, error) {
		if to, ok := variants[path]; ok {
			path = to
		}
		return w.open(path)
	})
	return mapped{names, own}
}

func (w *world) open(path string) (io.ReadCloser, error) {
	p := w.packages[path]
	if p == nil || p.Export == "" {
		return nil, fmt.Errorf("no export data for %s", path)
	}
	return os.Open(p.Export)
}

func (m mapped) Import(path string) (p *types.Package, err error) {
	if to, ok := m.names[path]; ok {
		path = to
	}
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	// Export data that cannot be read must not end all the others.
	defer func() {
		if said := recover(); said != nil {
			p, err = nil, fmt.Errorf("export data of %s: %v", path, said)
		}
	}()
	return m.from.Import(path)
}

func (w *world) check(s *source) (record packageRecord, problems []problem) {
	problems = s.problems
	bare, _, _ := strings.Cut(s.ImportPath, " [")
	f := newFacts(w, s)
	from := w.importerOf(s)
	errorCount := 0
	config := types.Config{
		Importer:         from,
		FakeImportC:      true,
		IgnoreFuncBodies: false,
		Sizes:            w.sizes,
		Error: func(err error) {
			errorCount++
			if errorCount > maxErrorsOfPackage {
				return
			}
			var typeError types.Error
			if errors.As(err, &typeError) {
				at := w.fset.PositionFor(typeError.Pos, false)
				problems = append(problems, problem{"problem", bare, at.String(), cut(typeError.Msg), "types"})
			} else {
				problems = append(problems, problem{"problem", bare, "", cut(err.Error()), "types"})
			}
		},
	}
	if s.Module != nil && s.Module.GoVersion != "" {
		config.GoVersion = "go" + s.Module.GoVersion
	}
	info := &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Implicits:  map[ast.Node]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	func() {
		defer func() {
			if said := recover(); said != nil {
				problems = append(problems, problem{"problem", bare, "", cut(fmt.Sprint("type checker: ", said)), "types"})
			}
		}()
		_, _ = config.Check(bare, w.fset, s.files, info)
	}()
	if errorCount > maxErrorsOfPackage {
		more := fmt.Sprintf("%d more type errors", errorCount-maxErrorsOfPackage)
		problems = append(problems, problem{"problem", bare, "", more, "types"})
	}
	f.info = info
	f.findInterfaces(from)
	return f.write(bare), problems
}

// facts gathers those of one package.
type facts struct {
	world   *world
	source  *source
	info    *types.Info
	files   []file
	fileOf  map[*token.File]int
	types   []string
	typeAt  map[string]int
	written map[types.Type]int
	symbols []symbol
	objects map[types.Object]int
	// fields: a field has no way back to the struct's name; it is known where it is selected.
	fields  map[types.Object]string
	context *types.Interface
	handler *types.Interface
	asked   map[int]bool
	isCtx   []int
	isHTTP  []int
	exprs   int
	typed   int
}

func newFacts(w *world, s *source) *facts {
	f := &facts{
		world: w, source: s, fileOf: map[*token.File]int{}, types: []string{""}, typeAt: map[string]int{"": 0},
		written: map[types.Type]int{}, objects: map[types.Object]int{}, fields: map[types.Object]string{},
		asked: map[int]bool{},
	}
	for index, tree := range s.files {
		if at := w.fset.File(tree.FileStart); at != nil {
			f.fileOf[at] = index
		}
	}
	return f
}

func (f *facts) findInterfaces(from types.Importer) {
	f.context = findInterface(f.world, from, "context", "Context")
	f.handler = findInterface(f.world, from, "net/http", "Handler")
}

// findInterface asks only for what go list named: a package that nothing imports is not there to be implemented.
func findInterface(w *world, from types.Importer, path, name string) *types.Interface {
	if listed := w.packages[path]; listed == nil || listed.Export == "" {
		return nil
	}
	p, err := from.Import(path)
	if err != nil {
		return nil
	}
	object := p.Scope().Lookup(name)
	if object == nil {
		return nil
	}
	found, _ := object.Type().Underlying().(*types.Interface)
	return found
}

func (f *facts) write(importPath string) packageRecord {
	f.nameFields()
	for index, tree := range f.source.files {
		at := f.world.fset.File(tree.FileStart)
		size := 0
		if at != nil {
			size = at.Size()
		}
		f.files = append(f.files, file{Path: f.source.paths[index], Size: size, Facts: f.ofFile(tree, at)})
	}
	return packageRecord{
		Kind: "package", ImportPath: importPath, Name: f.source.Name, Types: f.types, ContextTypes: f.isCtx,
		HandlerTypes: f.isHTTP, Symbols: f.symbols, Files: f.files, Exprs: f.exprs, Typed: f.typed,
	}
}

// nameFields gives the fields of the types that this package declares their owner's name.
func (f *facts) nameFields() {
	for _, object := range f.info.Defs {
		name, ok := object.(*types.TypeName)
		if !ok || name.Pkg() == nil {
			continue
		}
		if structure, ok := name.Type().Underlying().(*types.Struct); ok && !name.IsAlias() {
			for index := range structure.NumFields() {
				field := structure.Field(index)
				if _, known := f.fields[field]; !known {
					f.fields[field] = pathOf(name.Pkg()) + "." + name.Name()
				}
			}
		}
	}
}

type fact struct{ start, end, symbol, typ int }

func (f *facts) ofFile(tree *ast.File, at *token.File) []int {
	if at == nil {
		return []int{}
	}
	var found []fact
	add := func(node ast.Node, symbol, typ int) {
		if symbol == 0 && typ == 0 {
			return
		}
		start, end := int(node.Pos())-at.Base(), int(node.End())-at.Base()
		if start < 0 || end > at.Size() || start >= end {
			return
		}
		found = append(found, fact{start, end, symbol, typ})
	}
	// Composite literals whose type is left out, and the like, have types too: info.Types has them all.
	ast.Inspect(tree, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.ImportSpec, *ast.CommentGroup, *ast.Comment:
			return false
		case *ast.Ident:
			f.ident(n, add)
		case *ast.SelectorExpr:
			f.exprs++
			symbol := f.symbolOf(f.info.Uses[n.Sel], f.info.Selections[n])
			typ := f.typeOf(n)
			if f.info.Types[n].Type != nil || symbol != 0 {
				f.typed++
			}
			add(n, symbol, typ)
		case *ast.CallExpr:
			f.exprs++
			typ := f.typeOf(n)
			if f.info.Types[n].Type != nil {
				f.typed++
			}
			add(n, f.callee(n.Fun), typ)
		case *ast.BasicLit:
			// Its kind is its type.
		case ast.Expr:
			if tv, ok := f.info.Types[n]; ok && tv.Type != nil && !tv.IsType() {
				f.exprs++
				f.typed++
				add(n, 0, f.typeIndex(tv.Type))
			}
		}
		return true
	})
	sort.SliceStable(found, func(i, j int) bool {
		if found[i].start != found[j].start {
			return found[i].start < found[j].start
		}
		return found[i].end > found[j].end
	})
	flat := make([]int, 0, 4*len(found))
	before := 0
	for _, one := range found {
		flat = append(flat, one.start-before, one.end-one.start, one.symbol, one.typ)
		before = one.start
	}
	return flat
}

func (f *facts) ident(n *ast.Ident, add func(ast.Node, int, int)) {
	object := f.info.Uses[n]
	if object == nil {
		object = f.info.Defs[n]
	}
	f.exprs++
	if object == nil {
		// The name in a type switch, and `_`, stand for nothing of their own.
		if f.info.Types[n].Type != nil {
			f.typed++
			add(n, 0, f.typeIndex(f.info.Types[n].Type))
		}
		return
	}
	f.typed++
	typ := 0
	if _, isType := object.(*types.TypeName); !isType {
		typ = f.objectType(object)
	}
	add(n, f.symbolOf(object, nil), typ)
}

func (f *facts) callee(fun ast.Expr) int {
	switch n := fun.(type) {
	case *ast.ParenExpr:
		return f.callee(n.X)
	case *ast.Ident:
		return f.symbolOf(f.info.Uses[n], nil)
	case *ast.SelectorExpr:
		return f.symbolOf(f.info.Uses[n.Sel], f.info.Selections[n])
	case *ast.IndexExpr:
		return f.callee(n.X)
	case *ast.IndexListExpr:
		return f.callee(n.X)
	}
	return 0
}

func (f *facts) typeOf(e ast.Expr) int {
	if tv, ok := f.info.Types[e]; ok && tv.Type != nil {
		if tv.IsVoid() || tv.IsType() {
			return 0
		}
		return f.typeIndex(tv.Type)
	}
	return 0
}

func (f *facts) objectType(object types.Object) int {
	switch object.(type) {
	case *types.PkgName, *types.Label, *types.Builtin, *types.Nil:
		return 0
	}
	if object.Type() == nil {
		return 0
	}
	return f.typeIndex(object.Type())
}

// symbolOf is an index of symbols plus one; 0 for none. Functions of the language have none.
func (f *facts) symbolOf(object types.Object, selection *types.Selection) int {
	switch o := object.(type) {
	case nil, *types.Builtin, *types.Nil:
		return 0
	case *types.Var:
		object = o.Origin()
	case *types.Func:
		object = o.Origin()
	}
	if object.Pkg() == nil && object.Parent() == types.Universe && object.Name() != "error" {
		return 0
	}
	if v, ok := object.(*types.Var); ok && v.IsField() && selection != nil {
		if _, known := f.fields[object]; !known {
			f.fields[object] = ownerOf(selection)
		}
	}
	if known, ok := f.objects[object]; ok {
		return known
	}
	s := symbol{Name: object.Name(), Type: f.objectType(object)}
	switch o := object.(type) {
	case *types.PkgName:
		s.Kind, s.Qualified = "package", o.Imported().Path()
		s.Qualified, _, _ = strings.Cut(s.Qualified, " [")
	case *types.Func:
		s.Kind = "function"
		s.Qualified = f.functionName(o)
		if strings.HasPrefix(s.Qualified, "(") {
			s.Kind = "method"
		}
	case *types.TypeName:
		s.Kind = "type"
		s.Qualified = f.memberName(o)
	case *types.Const:
		s.Kind = "constant"
		s.Qualified = f.memberName(o)
	case *types.Label:
		s.Kind = "label"
	case *types.Var:
		s.Kind = "variable"
		if o.IsField() {
			s.Kind = "field"
			if owner := f.fields[o]; owner != "" {
				s.Qualified = owner + "." + o.Name()
			}
		} else {
			s.Qualified = f.memberName(o)
		}
	}
	if at := f.world.fset.File(object.Pos()); at != nil {
		if index, own := f.fileOf[at]; own {
			offset := int(object.Pos()) - at.Base()
			s.File, s.At = &index, &offset
		}
	}
	f.symbols = append(f.symbols, s)
	f.objects[object] = len(f.symbols)
	return len(f.symbols)
}

// memberName is that of a package's own; local names have none.
func (f *facts) memberName(object types.Object) string {
	if object.Pkg() == nil {
		return object.Name()
	}
	if object.Parent() != object.Pkg().Scope() {
		return ""
	}
	return pathOf(object.Pkg()) + "." + object.Name()
}

func (f *facts) functionName(o *types.Func) string {
	signature, _ := o.Type().(*types.Signature)
	if signature == nil || signature.Recv() == nil {
		if o.Pkg() == nil {
			return o.Name()
		}
		return pathOf(o.Pkg()) + "." + o.Name()
	}
	receiver := f.types[f.typeIndex(signature.Recv().Type())]
	if receiver == "interface{}" || receiver == "" {
		return ""
	}
	return "(" + receiver + ")." + o.Name()
}

// ownerOf follows a selection through embedded fields to the named type that holds the field.
func ownerOf(selection *types.Selection) string {
	at := selection.Recv()
	index := selection.Index()
	for step, field := range index {
		if pointer, ok := at.Underlying().(*types.Pointer); ok {
			at = pointer.Elem()
		}
		structure, ok := at.Underlying().(*types.Struct)
		if !ok || field >= structure.NumFields() {
			return ""
		}
		if step == len(index)-1 {
			if named, ok := types.Unalias(at).(*types.Named); ok && named.Obj().Pkg() != nil {
				return pathOf(named.Obj().Pkg()) + "." + named.Obj().Name()
			}
			return ""
		}
		at = structure.Field(field).Type()
	}
	return ""
}

func pathOf(p *types.Package) string {
	bare, _, _ := strings.Cut(p.Path(), " [")
	return bare
}

func (f *facts) typeIndex(t types.Type) int {
	if known, ok := f.written[t]; ok {
		return known
	}
	text := writeType(t, 0)
	if len(text) > maxTypeLength {
		text = ""
	}
	index, ok := f.typeAt[text]
	if !ok {
		index = len(f.types)
		f.types = append(f.types, text)
		f.typeAt[text] = index
	}
	f.written[t] = index
	if index != 0 && !f.asked[index] {
		f.asked[index] = true
		f.askInterfaces(t, index)
	}
	return index
}

func (f *facts) askInterfaces(t types.Type, index int) {
	base := types.Unalias(t)
	if pointer, ok := base.(*types.Pointer); ok {
		base = types.Unalias(pointer.Elem())
	}
	named, ok := base.(*types.Named)
	if !ok || named.TypeParams().Len() != named.TypeArgs().Len() {
		return
	}
	if f.context != nil && types.Implements(t, f.context) {
		f.isCtx = append(f.isCtx, index)
	}
	if f.handler != nil && types.Implements(t, f.handler) {
		f.isHTTP = append(f.isHTTP, index)
	}
}

// writeType is empty for what has no single name: type parameters, invalid types, and what holds them.
func writeType(t types.Type, depth int) string {
	if depth > maxTypeDepth {
		return ""
	}
	part := func(t types.Type) string { return writeType(t, depth+1) }
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		if t.Kind() == types.Invalid || t.Kind() == types.UntypedNil {
			return ""
		}
		if t.Info()&types.IsUntyped != 0 {
			if own, ok := types.Default(t).(*types.Basic); ok {
				return own.Name()
			}
		}
		if t.Kind() == types.UnsafePointer {
			return "unsafe.Pointer"
		}
		return t.Name()
	case *types.Named:
		object := t.Obj()
		if object.Pkg() == nil {
			return object.Name()
		}
		return pathOf(object.Pkg()) + "." + object.Name()
	case *types.Pointer:
		return prefix("*", part(t.Elem()))
	case *types.Slice:
		return prefix("[]", part(t.Elem()))
	case *types.Array:
		return prefix("[N]", part(t.Elem()))
	case *types.Map:
		key, value := part(t.Key()), part(t.Elem())
		if key == "" || value == "" {
			return ""
		}
		return "map[" + key + "]" + value
	case *types.Chan:
		arrow := "chan "
		if t.Dir() == types.SendOnly {
			arrow = "chan<- "
		} else if t.Dir() == types.RecvOnly {
			arrow = "<-chan "
		}
		return prefix(arrow, part(t.Elem()))
	case *types.Struct:
		return "struct{}"
	case *types.Interface:
		if t.Empty() {
			return "any"
		}
		return "interface{}"
	case *types.Tuple:
		if t.Len() == 1 {
			return part(t.At(0).Type())
		}
		return "(" + strings.Join(parts(t, false, depth), ", ") + ")"
	case *types.Signature:
		text := "func(" + strings.Join(parts(t.Params(), t.Variadic(), depth), ", ") + ")"
		if t.Results().Len() > 0 {
			text += " " + part(t.Results())
		}
		return text
	}
	return ""
}

func parts(tuple *types.Tuple, variadic bool, depth int) []string {
	texts := make([]string, 0, tuple.Len())
	for index := range tuple.Len() {
		text := ""
		if last, ok := tuple.At(index).Type().(*types.Slice); ok && variadic && index == tuple.Len()-1 {
			text = "..." + writeType(last.Elem(), depth+1)
		} else {
			text = writeType(tuple.At(index).Type(), depth+1)
		}
		texts = append(texts, text)
	}
	return texts
}

func prefix(sign, text string) string {
	if text == "" {
		return ""
	}
	return sign + text
}
