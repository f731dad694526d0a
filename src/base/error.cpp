#include <texbuild/error.hpp>

#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

namespace texbuild {
inline namespace v0 {
namespace {

const char* words(int code) {
  switch (static_cast<errc>(code)) {
    case errc::invalid_input:
      return "invalid input";
    case errc::not_found:
      return "not found";
    case errc::unauthorized:
      return "unauthorized";
    case errc::forbidden:
      return "forbidden";
    case errc::conflict:
      return "conflict";
    case errc::gone:
      return "gone";
    case errc::payload_too_large:
      return "payload too large";
    case errc::unsupported_media_type:
      return "unsupported media type";
    case errc::rate_limited:
      return "rate limited";
    case errc::limit_exceeded:
      return "limit exceeded";
    case errc::compilation_failed:
      return "compilation failed";
    case errc::insufficient_storage:
      return "insufficient storage";
    case errc::unavailable:
      return "unavailable";
    case errc::provider_error:
      return "provider error";
    case errc::canceled:
      return "canceled";
    case errc::timed_out:
      return "timed out";
    case errc::internal:
      return "internal error";
    case errc::payment_required:
      return "payment required";
  }
  return "unknown error";
}

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "texbuild"; }
  std::string message(int code) const override { return words(code); }
};

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

void throw_exception_from_error(const error& e, const boost::source_location& where) {
  boost::throw_exception(boost::system::system_error(make_error_code(e.code()), e.detail()), where);
}

}  // namespace v0
}  // namespace texbuild
