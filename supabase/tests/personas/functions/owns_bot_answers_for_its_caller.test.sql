begin;
select plan(5);

select tests.make_user('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_bot('bot', 'owner');
select tests.given_share('bot', 'friend');

select tests.sign_in_as_anon();
select throws_ok(
  $$ select public.owns_bot(tests.id('bot')) $$, '42501', 'permission denied for function owns_bot', 'anon is refused'
);
select tests.sign_in_as('owner');
select is(public.owns_bot(tests.id('bot')), true, 'the owner owns it');
select tests.sign_in_as('friend');
select is(public.owns_bot(tests.id('bot')), false, 'a user it is shared with does not');
select tests.sign_in_as('stranger');
select is(public.owns_bot(tests.id('bot')), false, 'nor does a stranger');
select is(public.owns_bot(tests.id('no bot')), false, 'to whom an unknown bot looks the same');

select * from finish();
rollback;
