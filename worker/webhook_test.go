package worker_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/worker"
)

// What is posted is signed with the secret, carries ids and codes, and counts as
// received only when it is answered so.
func TestWebhook(t *testing.T) {
	secret := []byte("a secret of the two")
	status := http.StatusNoContent
	var got postgres.Parcel
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		if want := hex.EncodeToString(mac.Sum(nil)); r.Header.Get("Gongshu-Signature") != want {
			t.Errorf("signature %q, want %q", r.Header.Get("Gongshu-Signature"), want)
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	deliver := worker.Webhook(server.URL, secret)
	parcel := postgres.Parcel{ID: 7, Message: sharing.Message{
		Topic: "urged", CaseID: "0b5ff1ae-6f0c-4c4e-9a83-9d3e8b1d5a10", DepartmentID: "shuozhou-gongan", Data: map[string]string{"due_date": "2026-11-18"},
	}}
	require.NoError(t, deliver(t.Context(), parcel))
	require.Equal(t, parcel, got)
	status = http.StatusInternalServerError
	require.ErrorContains(t, deliver(t.Context(), parcel), "500")
	server.Close()
	require.Error(t, deliver(t.Context(), parcel))
}
