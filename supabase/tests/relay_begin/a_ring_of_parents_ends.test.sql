begin;
select plan(4);

-- One statement can make a ring, since foreign keys are checked at its end.
select tests.given_tale('owner');
insert into public.messages (id, user_id, conversation_id, parent_id, content)
values
  (tests.id('head'), tests.id('owner'), tests.id('tale'), tests.id('tail'), 'head'),
  (tests.id('tail'), tests.id('owner'), tests.id('tale'), tests.id('head'), 'tail');
create temp table before as select tests.everything() as everything;

select is(
  tests.call_begin('owner', 'a', parent => 'head') ->> 'code', 'payload_too_large', 'a path without end is too long'
);
select is(
  tests.call_begin('owner', 'a', reroll_of => 'tail') ->> 'code', 'payload_too_large', 'for a reroll too'
);
select is(tests.everything(), everything, 'nothing has changed') from before;

update public.messages set content = '' where id in (tests.id('head'), tests.id('tail'));
select is(
  tests.call_begin('owner', 'a', parent => 'head') ->> 'code', 'payload_too_large', 'also where it has no characters'
);

select * from finish();
rollback;
