# What PyMySQL sees of a server, on standard output: port, user, password.
import sys, pymysql, decimal, datetime
from pymysql.constants import CLIENT
host, port, user, pw, db = '127.0.0.1', int(sys.argv[1]), sys.argv[2], sys.argv[3], 'shop'
def show(label, value): print(label, repr(value))
c = pymysql.connect(host=host, port=port, user=user, password=pw, database=db, charset='utf8mb4')
cur = c.cursor()
cur.execute('select * from kinds order by id'); show('rows', cur.fetchall()); show('description', cur.description)
cur.execute('drop table if exists py'); cur.execute('create table py (id int primary key auto_increment, v varchar(200) character set utf8mb4, b longblob, d decimal(20,5), t datetime(6))')
show('many', cur.executemany('insert into py (v,b,d,t) values (%s,%s,%s,%s)', [('a😀',b'\x00\xff\'"\\',decimal.Decimal('1.50000'),datetime.datetime(2024,1,2,3,4,5,6)),('b',None,None,None)]))
show('lastrowid', cur.lastrowid)
cur.execute('insert into py (v,b) values (%s,%s)', ('long', bytes(range(256))*2000)); show('lastrowid', cur.lastrowid)
c.commit(); cur.execute('select id, v, length(b), sha2(b,256), d, t from py'); show('back', cur.fetchall())
cur.execute('update py set v = v'); show('affected', cur.rowcount); c.rollback()
for bad in ('select nope', 'selec', 'select * from nowhere', 'insert into py (id) values (1)'):
    try: cur.execute(bad)
    except pymysql.MySQLError as e: show(type(e).__name__, e.args)
cur.callproc('two_results', (3, 0)); show('call', cur.fetchall()); show('next', cur.nextset()); show('call', cur.fetchall()); cur.nextset()
cur.execute('select @_two_results_1'); show('out', cur.fetchall())
ss = pymysql.cursors.SSCursor(c); ss.execute('select a.id from kinds a, kinds b, kinds d, kinds e'); show('stream', [ss.fetchone(), len(ss.fetchall())]); ss.close()
c.ping(); show('autocommit', c.get_autocommit()); c.select_db('shop'); c.begin(); cur.execute("insert into py (v) values ('gone')"); c.rollback(); cur.execute('select count(*) from py'); show('count', cur.fetchall())
cur.execute("drop table py"); c.close()
m = pymysql.connect(host=host, port=port, user=user, password=pw, database=db, client_flag=CLIENT.MULTI_STATEMENTS)
mc = m.cursor()
try:
    mc.execute('select 1; select 2'); show('multi', mc.fetchall()); mc.nextset(); show('multi', mc.fetchall())
except pymysql.MySQLError as e: show(type(e).__name__, e.args)
m.close()
