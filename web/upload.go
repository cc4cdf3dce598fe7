package web

import (
	"fmt"
	"mime/multipart"
	"slices"
	"strings"

	"gongshu/sharing"
)

// upload takes in the files sent under an input's name and returns their ids. A
// file that is not accepted becomes a problem at the pointer.
func (v *visit) upload(f *form, input, pointer string) ([]string, error) {
	if v.Request().MultipartForm == nil {
		return nil, nil
	}
	headers := v.Request().MultipartForm.File[input]
	if len(headers) > maxFiles {
		f.add(pointer, v.words.T("rule.max_items", maxFiles))
		return nil, nil
	}
	var ids []string
	for i, h := range headers {
		id, err := v.uploadOne(fmt.Sprintf("%s.%s.%d", f.Key, input, i), h)
		switch sharing.CodeOf(err) {
		case sharing.CodeTooLarge:
			f.add(pointer, v.words.T("rule.file_size", h.Filename))
			continue
		case sharing.CodeInvalid:
			f.add(pointer, v.words.T("rule.file_type", h.Filename))
			continue
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (v *visit) uploadOne(key string, h *multipart.FileHeader) (id string, err error) {
	file, err := h.Open()
	if err != nil {
		return "", err
	}
	defer file.Close() // it was only read from
	a, err := v.site.desk.Upload(v.ctx(), v.user, key, h.Filename, h.Header.Get("Content-Type"), file)
	if err != nil {
		return "", err
	}
	return a.ID, nil
}

// attach takes in the files of the input "files" beside those uploaded before,
// whose ids the form carries as "attachment", and returns all ids. Pressing
// "detach" drops one.
func (v *visit) attach(f *form) ([]string, error) {
	fresh, err := v.upload(f, "files", "/attachments")
	if err != nil {
		return nil, err
	}
	drop := f.Value("detach")
	var ids []string
	for _, id := range append(f.Typed["attachment"], fresh...) {
		if id != "" && id != drop {
			ids = append(ids, id)
		}
	}
	f.Typed["attachment"] = ids
	return ids, nil
}

// nameFiles finds the names of the files the form carries. Files that are not
// the reader's are dropped.
func (v *visit) nameFiles(f *form) error {
	f.Files = nil
	ids := slices.Clone(f.Typed["attachment"])
	for name, values := range f.Typed {
		if strings.HasSuffix(name, ".attachment") {
			ids = append(ids, values...)
		}
	}
	for _, id := range ids {
		if id == "" {
			continue
		}
		a, err := v.site.desk.FileInfo(v.ctx(), v.user, id)
		if sharing.CodeOf(err) == sharing.CodeNotFound {
			continue
		}
		if err != nil {
			return err
		}
		f.Files = append(f.Files, a)
	}
	return nil
}

// FileName returns the name of a file the form carries.
func (f *form) FileName(id string) string {
	for _, a := range f.Files {
		if a.ID == id {
			return a.Name
		}
	}
	return ""
}
