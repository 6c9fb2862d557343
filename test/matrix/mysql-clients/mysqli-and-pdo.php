<?php
[, $port, $user, $pw] = $argv; mysqli_report(MYSQLI_REPORT_OFF);
// What mysqli and PDO see of a server, on standard output: port, user, password.
$m = new mysqli('127.0.0.1', $user, $pw, 'shop', (int)$port); if ($m->connect_errno) die($m->connect_error); $m->set_charset('utf8mb4') or print($m->error."\n");
$r = $m->query('select * from kinds order by id'); var_dump($r->fetch_all(MYSQLI_ASSOC)); foreach ($r->fetch_fields() as $f) echo "$f->name $f->type $f->length $f->flags $f->charsetnr\n";
$m->query('drop table if exists ph'); $m->query('create table ph (id int primary key auto_increment, v varchar(200) character set utf8mb4, b longblob, d double)');
$s = $m->prepare('insert into ph (v,b,d) values (?,?,?)'); $v='😀'; $b=null; $d=1.25; $s->bind_param('sbd',$v,$b,$d); for ($i=0;$i<28;$i++) $s->send_long_data(1, str_repeat(chr($i), 500000)); var_dump($s->execute(), $s->insert_id, $s->affected_rows, $s->error);
var_dump($m->query('select id, v, length(b), sha2(b,256), d from ph')->fetch_all());
$s = $m->prepare('select id, bi, ubi, de, dt, j from kinds where id > ? order by id'); $z=0; $s->bind_param('i',$z); $s->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY); $s->execute(); var_dump($s->get_result() ? 'r' : $s->error); $s->close();
foreach (['select nope','selec','insert into ph (id) values (1)','select * from nowhere'] as $q) { var_dump($m->query($q), $m->errno, $m->sqlstate, $m->error); }
// multi_query asks for several statements by COM_SET_OPTION, which Sluice refuses (README.md).
if ($m->multi_query('call two_results(5, @o)')) do { $r = $m->store_result(); if ($r) var_dump($r->fetch_all()); } while ($m->more_results() && $m->next_result());
$m->begin_transaction(); $m->query("insert into ph (v) values ('x')"); $m->rollback(); var_dump($m->query('select count(*) from ph')->fetch_row()); $m->autocommit(false); $m->commit(); $m->autocommit(true);
var_dump($m->change_user($user, $pw, 'shop'), $m->query('select database()')->fetch_row(), $m->stat() !== false, $m->ping());
$m->query('drop table ph'); $m->close();
$p = new PDO("mysql:host=127.0.0.1;port=$port;dbname=shop;charset=utf8mb4", $user, $pw, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => false]);
$q = $p->prepare('select * from kinds where id = :id'); $q->execute(['id' => 1]); var_dump($q->fetchAll(PDO::FETCH_ASSOC)); try { $p->query('select nope'); } catch (PDOException $e) { var_dump($e->errorInfo); }
