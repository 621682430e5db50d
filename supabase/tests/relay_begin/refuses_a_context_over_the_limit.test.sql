begin; select plan(8);
select tests.given_tale('owner');
update public.messages set content = repeat('é', 100) where conversation_id = tests.key('tale');
select is(
  tests.call_begin('owner', 'a', repeat('x', 50), conversation => 'tale', max_context => 450) ->> 'outcome', 'admitted',
  'four messages of 100 characters and a prompt of 50 are 450');
select tests.given_active_leaf('tale', 'second answer');
create temp table refused as
  select tests.call_begin('owner', 'b', repeat('x', 51), conversation => 'tale', max_context => 450) as answer;
select is(answer ->> 'outcome', 'refused', 'one more is refused') from refused;
select is(answer ->> 'code', 'payload_too_large', 'with this code') from refused;
select is(answer ->> 'characters', '451', 'with its length') from refused;
select is(tests.call_begin('owner', 'c', repeat('x', 51), parent => 'first answer', max_context => 450) ->> 'outcome',
  'admitted', 'only the path counts');
select is(
  tests.call_begin('owner', 'd', reroll_of => 'second answer', max_context => 299) ->> 'code', 'payload_too_large',
  'regenerating has the same limit');
create temp table given as select tests.call_begin('owner', 'e', conversation => 'tale', parent => 'second answer',
  max_context => 1, context_is_given => true) as answer;
select is(answer ->> 'outcome', 'admitted', 'where the client sends the context, the path is not read') from given;
select is(answer -> 'context', 'null', 'nor answered') from given;

select * from finish(); rollback;
