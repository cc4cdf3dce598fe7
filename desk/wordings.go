package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"gongshu/letter"
	"gongshu/postgres"
	"gongshu/sharing"
)

// KeepWording and DropWording are the acts of the trail on a region's wordings.
const (
	KeepWording sharing.Action = "keep_wording"
	DropWording sharing.Action = "drop_wording" // back to the wording that comes with the program
)

// WordingView is the wording of a letter as it holds in a region.
type WordingView struct {
	Kind   letter.Kind
	Locale letter.Locale
	// Text in which letters are composed now.
	Text string
	// Version of the region's; 0 when it never kept one of its own.
	Version int
	// Own: Text is the region's, and not the one that comes with the program.
	Own bool
	// Versions are those that the region kept, the last first.
	Versions []postgres.KeptWording
}

// MayKeepWordings reports whether the reader may see and change how the letters of
// the region are worded.
func (d *Desk) MayKeepWordings(who sharing.User) bool {
	return d.MayKeepSettings(who)
}

// Wordings returns the wording of every letter in every language, by kind.
func (d *Desk) Wordings(ctx context.Context, who sharing.User) ([]WordingView, error) {
	if !d.MayKeepWordings(who) {
		return nil, forbidden
	}
	kept, err := d.Store.Wordings(ctx, who.Region.ID)
	if err != nil {
		return nil, err
	}
	var all []WordingView
	for _, k := range letter.Kinds {
		for _, l := range letter.Locales {
			own := slices.DeleteFunc(slices.Clone(kept), func(w postgres.KeptWording) bool { return w.Letter != string(k) || w.Locale != string(l) })
			all = append(all, wordingView(k, l, own))
		}
	}
	return all, nil
}

// Wording returns one wording with its history; CodeNotFound when there is no such
// letter.
func (d *Desk) Wording(ctx context.Context, who sharing.User, k letter.Kind, l letter.Locale) (WordingView, error) {
	switch {
	case !d.MayKeepWordings(who):
		return WordingView{}, forbidden
	case !k.Known() || !slices.Contains(letter.Locales, l):
		return WordingView{}, notFound
	}
	versions, err := d.Store.WordingVersions(ctx, who.Region.ID, string(k), string(l))
	return wordingView(k, l, versions), err
}

func wordingView(k letter.Kind, l letter.Locale, versions []postgres.KeptWording) WordingView {
	v := WordingView{Kind: k, Locale: l, Text: letter.Default(k, l), Versions: versions}
	if len(versions) > 0 {
		v.Version = versions[0].Version
		if versions[0].Text != "" {
			v.Text, v.Own = versions[0].Text, true
		}
	}
	return v
}

// PreviewWording composes sample letters in a wording, one for each turn that the
// letter can take. The error is one of CodeInvalid that names the line.
func (d *Desk) PreviewWording(who sharing.User, k letter.Kind, l letter.Locale, text string) ([]letter.Letter, error) {
	switch {
	case !d.MayKeepWordings(who):
		return nil, forbidden
	case !k.Known() || !slices.Contains(letter.Locales, l):
		return nil, notFound
	}
	w, err := letter.Parse(k, text)
	if err != nil {
		return nil, unsoundWording(err)
	}
	var all []letter.Letter
	for _, sample := range letter.Samples(k, l) {
		made, err := letter.Compose(w, l, sample, nil, letter.SampleDay())
		if err != nil {
			return nil, unsoundWording(err)
		}
		all = append(all, made)
	}
	return all, nil
}

// unsoundWording names what is wrong with a wording as a broken rule of its text.
func unsoundWording(err error) error {
	var wrong *letter.WordingError
	if !errors.As(err, &wrong) {
		return err
	}
	broken := sharing.Invalid("/text", "wording_"+wrong.Rule, wrong.Error())
	broken.Cause = wrong
	return broken
}

// keptWording is the body of the command that changes a wording.
type keptWording struct {
	Letter letter.Kind   `json:"letter"`
	Locale letter.Locale `json:"locale"`
	Text   string        `json:"text"` // "" for the program's own
}

// SaveWording writes the next version of a region's wording, made on the version
// expected; without a text it goes back to the one that comes with the program.
// Letters that were issued before keep the wording that held then.
func (d *Desk) SaveWording(ctx context.Context, who sharing.User, key string, expected int, k letter.Kind, l letter.Locale, text string) (WordingView, error) {
	action := DropWording
	if text != "" {
		action = KeepWording
		if _, err := d.PreviewWording(who, k, l, text); err != nil {
			return WordingView{}, err
		}
	}
	before, err := d.Wording(ctx, who, k, l)
	if err != nil {
		return before, err
	}
	if text == "" && !before.Own && before.Version == expected {
		return before, sharing.Errorf(sharing.CodeWrongState, "it is the program's own already")
	}
	target := "wording/" + who.Region.ID + "/" + string(k) + "/" + string(l)
	command, err := d.stage(ctx, who, key, action, target, expected, keptWording{k, l, text})
	if err != nil {
		return before, err
	}
	var saved struct {
		Version int `json:"version"`
	}
	err = d.carry(ctx, command, &saved, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			saved.Version = expected + 1
			err = tx.PutWording(ctx, postgres.KeptWording{
				RegionID: who.Region.ID, Letter: string(k), Locale: string(l), Version: saved.Version, Text: text, By: who.ID, At: now,
			})
			if err != nil {
				return err
			}
			outcome, err := json.Marshal(saved)
			if err != nil {
				return err
			}
			if err := tx.FinishCommand(ctx, command.ID, outcome); err != nil {
				return err
			}
			// The trail proves the text and does not repeat it.
			sum := sha256.Sum256([]byte(text))
			return tx.Append(ctx, sharing.Entry{
				At: now, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: who.Region.ID, Action: action, SubjectID: target,
				Version: saved.Version, Policy: command.Policy, Data: map[string]string{"letter": string(k), "locale": string(l), "sha256": hex.EncodeToString(sum[:])},
			})
		})
	})
	if err != nil {
		return before, err
	}
	return d.Wording(ctx, who, k, l)
}
