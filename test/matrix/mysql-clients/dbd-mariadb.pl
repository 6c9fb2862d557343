# What DBD::MariaDB sees of a server, on standard output: port, user, password.
use DBI; use strict; $| = 1; my ($port,$user,$pw)=@ARGV; use Data::Dumper; $Data::Dumper::Useqq=1; $Data::Dumper::Indent=0; $Data::Dumper::Sortkeys=1;
for my $ps (0,1) { my $d = DBI->connect("DBI:MariaDB:database=shop;host=127.0.0.1;port=$port;mariadb_server_prepare=$ps;mariadb_ssl=0", $user, $pw, {RaiseError=>0, PrintError=>0}) or die $DBI::errstr;
print Dumper($d->selectall_arrayref('select * from kinds order by id')), "\n";
$d->do('drop table if exists pl'); $d->do('create table pl (id int primary key auto_increment, v varchar(200) character set utf8mb4, b longblob, n bigint)');
my $s = $d->prepare('insert into pl (v,b,n) values (?,?,?)'); $s->bind_param(2,undef,DBI::SQL_BLOB()); print $s->execute("\x{1F600}x", join('',map{chr}0..255), '9223372036854775807'), ' ', $d->{mariadb_insertid}, "\n";
print Dumper($d->selectall_arrayref('select v, hex(b), n from pl where id >= ?', undef, 1)), "\n";
$d->do('select nope'); print $d->err, ' ', $d->state, ' ', $d->errstr, "\n"; $d->do('insert into pl (id) values (1)'); print $d->err, ' ', $d->state, "\n";
$d->begin_work; $d->do("insert into pl (v) values ('y')"); $d->rollback; print Dumper($d->selectrow_array('select count(*) from pl')), "\n";
my $c = $d->prepare('call two_results(4, @x)'); $c->execute; do { print Dumper($c->fetchall_arrayref), "\n" if $c->{NUM_OF_FIELDS} } while ($c->more_results); 
my $u = $d->prepare('select id from kinds', {mariadb_use_result=>1}); $u->execute; print $u->fetchrow_array, "\n"; $u->finish; print $d->ping, "\n"; $d->do('drop table pl'); print Dumper($s->{NAME} // []), "\n"; $d->disconnect; }
