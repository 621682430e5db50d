begin;
set local client_min_messages = warning;
drop schema tests cascade;
commit;

begin; select plan(1);
select hasnt_schema('tests', 'the helpers are gone');
select * from finish(); rollback;
