begin;
select plan(6);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as('owner');
select throws_ok(statement, '42501', 'permission denied for table bots', regexp_replace(statement, '\s+', ' ', 'g'))
from unnest(array[
  'update public.bots set name = access_key',
  'update public.bots set access_key = access_key || ''x''',
  'update public.bots set name = ''guessed'' where access_key like ''key%''',
  'delete from public.bots where access_key like ''key%''',
  'insert into public.bots (id, user_id) values (tests.id(''bot''), tests.id(''owner''))
    on conflict (id) do update set name = public.bots.access_key'
]) as statement;
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
