# Loaded into biber before its first line (PERL5OPT says so). biber then loads what it always loads and is compiled; when
# it is about to begin, it waits here for a job instead. What comes back is a copy of it with that job's arguments, which
# begins as if it had just been started. No byte of any user was read before.
package texbuild_wait;
use strict;
use warnings;

BEGIN {  # no trace of this file for the program, and none for those that it starts
  @INC = grep { $_ ne '/texbuild' } @INC;
  delete $ENV{PERL5OPT};
}

# What a run loads later, whatever it is asked to do. Not Biber::Input::file::bibtex: it keeps the data model that is
# there when it is loaded, and that one comes from the job.
my @later = qw(
  Biber::Output::bbl Digest::MD5 ExtUtils::MakeMaker ExtUtils::MM I18N::Langinfo Log::Log4perl::Appender::File
  Log::Log4perl::Appender::Screen Log::Log4perl::Layout::PatternLayout Log::Log4perl::Layout::SimpleLayout
  Text::BibTeX::Name Text::BibTeX::NameFormat Text::Wrap URI URI::Escape Unicode::GCString Unicode::UCD
  XML::LibXML::Simple sigtrap);

# What a run makes first of all and always in the same way.
sub make_ready {
  for my $module (@later) { eval "require $module" }
  eval { Unicode::UCD::num('1') };  # reads its tables
  keep_language_tags();
  keep_recoding();
  keep_configuration();
}

# The grammar of language tags: made once in a run, from nothing but itself.
sub keep_language_tags {
  no warnings;
  my $make = Biber::LangTags->can('new') or return;
  my $made = eval { Biber::LangTags->new } or return;
  *Biber::LangTags::new = sub {
    my $first = $made;
    undef $made;
    return $first if $first && @_ == 1 && $_[0] eq 'Biber::LangTags';
    goto &$make;
  };
}

# The tables between TeX's names of letters and Unicode's, as biber has them unless it is configured otherwise.
sub keep_recoding {
  no warnings;
  my $make = Biber::LaTeX::Recode->can('init_sets') or return;
  my $configured = exists $Biber::Config::CONFIG->{options};
  my $made = eval { Biber::LaTeX::Recode->init_sets('base', 'base'); 1 };
  delete $Biber::Config::CONFIG->{options} unless $configured;
  return unless $made;
  *Biber::LaTeX::Recode::init_sets = sub {
    my $first = $made;
    undef $made;
    return if $first && "@_" eq 'Biber::LaTeX::Recode base base' && !Biber::Config->getoption('recodedata');
    goto &$make;
  };
}

# Every run asks kpsewhich for a configuration file of the installation. The answer is known, unless the job has a file
# of that name where kpsewhich looks first.
sub keep_configuration {
  no warnings;
  my $ask = Biber::Config->can('run3') or return;
  my $found = qx(kpsewhich biber.conf);
  my $status = $?;
  return if $status != 0 && $status != 256;
  *Biber::Config::run3 = sub {
    my ($command, undef, $out, $errors) = @_;
    goto &$ask unless ref $command eq 'ARRAY' && "@$command" eq 'kpsewhich biber.conf' && ref $out eq 'SCALAR';
    goto &$ask if job_has_configuration();
    ($$out, $$errors, $?) = ($found, '', $status);
    return 1;
  };
}

sub job_has_configuration {
  for my $folder ('.', '/job') {
    opendir my $names, $folder or return 1;
    return 1 if grep { /^biber\.conf/i } readdir $names;
  }
  return 1 if grep { !defined $ENV{$_} } qw(TEXMFHOME TEXMFCONFIG TEXMFVAR);
  return grep { -e } $ENV{TEXMFHOME}, $ENV{TEXMFCONFIG}, "$ENV{TEXMFVAR}/tex";
}

# Waits; returns in a job.
sub wait_for_job {
  # One that unpacked itself would miss its parts in a job, which has another /tmp.
  return if $ENV{PAR_TEMP} || grep { !defined || m{^/(?:tmp|job)/} } values %INC;
  open my $job, '<', '/texbuild/job' or return;  # this is where it waits
  chomp(my ($name, @variables) = <$job>);
  close $job;
  return unless defined $name;
  @ARGV = ($name);
  for my $variable (@variables) { $ENV{$1} = $2 if $variable =~ /^(\w+)=(.*)$/ }
  $ENV{PWD} = Cwd::getcwd() if exists $ENV{PWD};
  $^T = time;
  srand;
  return 1;
}

INIT {
  delete $INC{'texbuild_wait.pm'};
  local ($@, $!, $?, $_, $^W);
  make_ready();
  wait_for_job() or POSIX::_exit(1);
}

1;
