// TLS with certificates made on the spot. The system's roots are replaced through the variable that OpenSSL reads.
#include "tests/http/loopback_server.hpp"

#include <texbuild/http.hpp>

#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace {

using namespace texbuild;
using texbuild_test::loopback_server;

template <class Write>
std::string pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(write(out.get()), 1);
  char* data = nullptr;
  const auto length = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

/// A certificate that vouches for itself, with its key.
struct certificate {
  std::string pem_text;
  std::string key_text;

  certificate(const std::string& names, long valid_from, long valid_to) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), X509_free);
    X509_set_version(cert.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), valid_from);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), valid_to);
    X509_set_pubkey(cert.get(), key.get());
    auto* name = X509_get_subject_name(cert.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(cert.get(), name);
    if (!names.empty()) {
      X509_EXTENSION* const san = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
      X509_add_ext(cert.get(), san, -1);
      X509_EXTENSION_free(san);
    }
    X509_sign(cert.get(), key.get(), EVP_sha256());
    pem_text = pem([&](BIO* out) { return PEM_write_bio_X509(out, cert.get()); });
    key_text =
        pem([&](BIO* out) { return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
};

constexpr long day = 86'400;

class Tls : public ::testing::Test {
 protected:
  ~Tls() override {
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    pool_.join();
  }
  static void trust(const certificate& what) {
    const auto file = ::testing::TempDir() + "texbuild-roots-" + std::to_string(::getpid()) + ".pem";
    std::ofstream(file) << what.pem_text;
    setenv("SSL_CERT_FILE", file.c_str(), 1);
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
  }
  static std::shared_ptr<boost::asio::ssl::context> identity(const certificate& of) {
    auto tls = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
    tls->use_certificate(boost::asio::buffer(of.pem_text), boost::asio::ssl::context::pem);
    tls->use_private_key(boost::asio::buffer(of.key_text), boost::asio::ssl::context::pem);
    return tls;
  }
  /// What comes of asking a server with this certificate, reached as `host`.
  result<http_response> ask(const certificate& of, const std::string& host, bool trusted = true) {
    if (trusted) trust(of);
    const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, identity(of));
    const auto client = make_http_client(pool_.get_executor());
    auto answer = client->send(http_request("GET", "https://" + host + ":" + server.port() + "/"));
    if (!answer) {
      EXPECT_EQ(server.request(), "") << "nothing may be sent to a stranger";
    }
    return answer;
  }
  std::string refusal(const certificate& of, const std::string& host, bool trusted = true) {
    const auto r = ask(of, host, trusted);
    if (r) return "accepted";
    EXPECT_EQ(r.error().code(), errc::unavailable);
    return r.error().cause();
  }

  boost::asio::thread_pool pool_{1};
};

TEST_F(Tls, AcceptsATrustedCertificateForTheNameOrTheAddress) {
  const certificate good("DNS:localhost,IP:127.0.0.1", -day, day);
  const auto by_name = ask(good, "localhost");
  ASSERT_TRUE(by_name) << by_name.error().cause();
  EXPECT_EQ(by_name->body, "ok");
  const auto by_address = ask(good, "127.0.0.1");
  ASSERT_TRUE(by_address) << by_address.error().cause();
}

TEST_F(Tls, RefusesACertificateThatNobodyVouchesFor) {
  const certificate own("DNS:localhost,IP:127.0.0.1", -day, day);
  EXPECT_THAT(refusal(own, "localhost", false), ::testing::HasSubstr("self-signed"));
  trust(certificate("DNS:localhost", -day, day));
  EXPECT_NE(refusal(own, "localhost", false), "accepted");
}

TEST_F(Tls, RefusesATrustedCertificateForAnotherHost) {
  EXPECT_THAT(refusal(certificate("DNS:other.example", -day, day), "localhost"),
              ::testing::HasSubstr("hostname mismatch"));
  EXPECT_THAT(refusal(certificate("DNS:localhost", -day, day), "127.0.0.1"),
              ::testing::HasSubstr("IP address mismatch"));
  EXPECT_THAT(refusal(certificate("IP:127.0.0.2", -day, day), "127.0.0.1"),
              ::testing::HasSubstr("IP address mismatch"));
  EXPECT_NE(refusal(certificate("DNS:127.0.0.1", -day, day), "127.0.0.1"), "accepted");
}

TEST_F(Tls, TheCommonNameAndWildcardsInsideALabelDoNotCount) {
  EXPECT_NE(refusal(certificate("", -day, day), "localhost"), "accepted");
  EXPECT_NE(refusal(certificate("DNS:local*", -day, day), "localhost"), "accepted");
}

TEST_F(Tls, RefusesACertificateOutOfItsTime) {
  EXPECT_THAT(refusal(certificate("DNS:localhost", -2 * day, -day), "localhost"), ::testing::HasSubstr("expired"));
  EXPECT_THAT(refusal(certificate("DNS:localhost", day, 2 * day), "localhost"), ::testing::HasSubstr("not yet valid"));
}

TEST_F(Tls, SaysSoWhenTheOtherSideSpeaksNoTls) {
  const loopback_server server("HTTP/1.1 200 OK\r\n\r\n");
  const auto client = make_http_client(pool_.get_executor());
  const auto r = client->send(http_request("GET", "https://127.0.0.1:" + server.port() + "/"));
  EXPECT_EQ(r.error().code(), errc::unavailable);
}

TEST_F(Tls, ABodyThatOnlyTheEndOfTheConnectionEndsMustEndProperly) {
  // The server closes without a word of TLS: somebody may have cut the answer short.
  const certificate good("DNS:localhost", -day, day);
  trust(good);
  const loopback_server server("HTTP/1.1 200 OK\r\n\r\nhalf", false, identity(good));
  const auto client = make_http_client(pool_.get_executor());
  EXPECT_EQ(client->send(http_request("GET", "https://localhost:" + server.port() + "/")).error().code(),
            errc::unavailable);
}

}  // namespace
